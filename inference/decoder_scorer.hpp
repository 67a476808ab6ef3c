// Inference of a critic or reward model without torch: scores steps with the decoder's kernels.
//
// The network is that of learning/nn/step_scorer.hpp: the policy's trunk, one more block and one
// scalar head, or two (dueling, recognised by the tensors in the file). Texts are read in sorted
// order, and a prefix shared with the previous text is not computed again, so that the proposals of
// one state, or the steps of one attempt, cost little more than their own tokens. A score does not
// depend on the other queries, to the last bit.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "model/model_file.hpp"
#include "model/models.hpp"

namespace qstar::inference {

class DecoderScorer final : public model::StepScorer {
 public:
  // kCorrupt: the metadata's role is not a ScorerRole's, tensors are missing or of the wrong shape,
  // or weights so large that scores overflow; kIo without memory for them.
  static Result<std::unique_ptr<DecoderScorer>> make(const model::ModelFile& model);
  ~DecoderScorer() override;

  model::ScorerRole role() const override;
  // 0 for a text that cannot be encoded or that is longer than the context.
  std::vector<float> scores(std::span<const model::StepQuery> queries) override;

 private:
  struct Impl;
  explicit DecoderScorer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Names and shapes of a scorer's tensors in addition to its trunk's (policy_shapes), D = width:
//   scorer.features.weight [D,2]
//   scorer.blocks.0.…: as a policy's block, its heads see everything
//   scorer.norm.{weight,bias} [D]
//   scorer.head.weight [1,D], scorer.head.bias [1]
// and with dueling heads:
//   scorer.value.weight [1,D], scorer.value.bias [1]
std::map<std::string, std::vector<std::int64_t>> scorer_shapes(const model::ModelSpec& spec,
                                                               bool dueling);

}  // namespace qstar::inference
