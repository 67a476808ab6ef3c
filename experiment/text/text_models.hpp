// The models that a text experiment has published and still needs.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "experiment/stage_host.hpp"
#include "experiment/text/text_state.hpp"

namespace qstar::experiment {

class TextModels {
 public:
  explicit TextModels(const StageHost& host) : host_(host) {}

  // Makes a model available to all nodes. `role` and `version`: for the store's table of models.
  Result<ModelHash> publish(std::string bytes, const std::string& role, std::uint64_t version);
  bool has(const ModelHash& model) const { return models_.contains(model); }
  const std::string& bytes(const ModelHash& model) const { return *models_.at(model).bytes; }
  // Writes into an attempt which models made its steps and gave their scores.
  void name_in(Trajectory& attempt, const OrderedVersion& made_by) const;
  // Forgets all others.
  void keep_only(const std::set<ModelHash>& needed);

  // Parts of a save, and back.
  void save(SavedParts& parts) const;
  Status restore(const SavedParts& parts);

 private:
  struct Published {
    std::shared_ptr<const std::string> bytes;
    std::string role;
    std::uint64_t version = 0;
  };
  // Its number in the store's table of models; 0: it has none.
  std::uint64_t number(const ModelHash& model) const;

  const StageHost& host_;
  std::map<ModelHash, Published> models_;
  std::map<ModelHash, std::uint64_t> numbers_;
};

}  // namespace qstar::experiment
