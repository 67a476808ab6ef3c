// The evaluations of a text experiment on held-out problems: ordered from the nodes, and their
// figures when they are complete, in order.
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <vector>

#include "environment/environment.hpp"
#include "experiment/stage_host.hpp"
#include "experiment/text/text_state.hpp"

namespace qstar::experiment {

class TextEvaluations {
 public:
  TextEvaluations(const ExperimentConfig& config, const environment::Environment& environment,
                  const StageHost& host)
      : config_(config), environment_(environment), host_(host) {}

  void order(const OrderedEvaluation& what);
  bool empty() const { return evaluating_.empty(); }
  // Whether an evaluation of that name is under way.
  bool has(const std::string& what) const;
  // Whether take() would return at once.
  bool ready() const;
  // Waits for the oldest one. kInterrupted: it stays.
  struct Complete {
    OrderedEvaluation what;
    Evaluated figures;
    std::vector<AttemptGroup> groups;
  };
  Result<Complete> take();

  void add_models(std::set<ModelHash>& models) const;
  std::vector<OrderedEvaluation> ordered() const;

 private:
  std::vector<std::string> first_held_out(std::int64_t n);

  struct Evaluating {
    OrderedEvaluation what;
    std::vector<TaskId> parts;
  };
  const ExperimentConfig& config_;
  const environment::Environment& environment_;
  const StageHost& host_;
  std::deque<Evaluating> evaluating_;
  std::vector<std::string> held_out_;  // as many as any evaluation needs
};

}  // namespace qstar::experiment
