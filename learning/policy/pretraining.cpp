#include "learning/policy/pretraining.hpp"

#include <fmt/format.h>

namespace qstar::learning {

void PretrainConfig::describe(FieldVisitor& v) {
  v.value({"steps", "Number of optimiser steps", 0, 1e7}, steps);
  v.value({"rows", "Rows of the corpus per optimiser step", 1, 65536}, rows);
  v.value({"length", "Tokens per row", 8, 65536}, length);
  section(v, "optimizer", "Optimisers (Muon and AdamW) for pre-training", optimizer);
}

Status check_text(const environment::EnvironmentConfig& config, const model::ModelSpec& model,
                  const PretrainConfig& pretrain) {
  const auto environment = environment::make_environment(config);
  if (!environment) return tl::unexpected(environment.error());
  const std::string alphabet((*environment)->alphabet());
  if (alphabet.empty()) {
    return fail(Errc::kConfig, fmt::format("environment.name = \"{}\": its steps are moves, not "
                                           "text; choose a text environment such as arithmetic",
                                           config.name));
  }
  if (auto spec = model::check(model, ";=" + alphabet); !spec) return spec;
  if (pretrain.length <= model.context) return {};
  return fail(
      Errc::kConfig,
      fmt::format("pretrain.length = {} is more than model.context = {}: lower pretrain.length "
                  "or raise model.context",
                  pretrain.length, model.context));
}

TokenBatch pretraining_batch(const environment::Environment& environment,
                             const model::Tokenizer& tokenizer,
                             const environment::CorpusConfig& corpus, const PretrainConfig& config,
                             std::uint64_t seed, std::int64_t step) {
  environment::Corpus rows(environment, corpus,
                           derive_seed(seed, "corpus", static_cast<std::uint64_t>(step)));
  return corpus_batch(rows, tokenizer, config.rows, config.length);
}

}  // namespace qstar::learning
