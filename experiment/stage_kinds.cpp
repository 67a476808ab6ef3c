// The kinds of stages. To add one, write its settings and add a row here; to run it, a row in
// text/stages.cpp.
#include <array>

#include "experiment/puzzle/cost_to_go_config.hpp"
#include "experiment/stage_entry.hpp"
#include "experiment/text/stage_configs.hpp"

namespace qstar::experiment {
namespace {

template <class Config>
std::unique_ptr<StageSettings> make() {
  return std::make_unique<SettingsOf<Config>>();
}

constexpr std::array kStageKinds = {
    StageKind{"pretrain", "base", "next-token prediction on the corpus", false,
              make<PretrainStageConfig>},
    StageKind{"finetune", "sft", "supervised fine-tuning on right solutions", false,
              make<FineTuneConfig>},
    StageKind{"judges", "judges", "reward models and a critic, trained on attempts", false,
              make<JudgesConfig>},
    StageKind{"search", "search", "a comparison of searches", false, make<SearchTableConfig>},
    StageKind{"feedback", "rlhf", "learning from rankings", false, make<FeedbackConfig>},
    StageKind{"compare", "compare", "a comparison of reinforcement learning runs", false,
              make<CompareConfig>},
    StageKind{"selfplay", "selfplay", "self-play of a proposer and a solver", false,
              make<SelfPlayConfig>},
    StageKind{"reinforce", "reinforce", "reinforcement learning", false,
              make<ReinforceStageConfig>},
    StageKind{"measure", "measure", "measurements outside the training distribution", false,
              make<MeasureConfig>},
    StageKind{"cost_to_go", "cost_to_go", "the network of a puzzle", true, make<CostToGoConfig>},
};

}  // namespace

std::span<const StageKind> stage_kinds() { return kStageKinds; }

}  // namespace qstar::experiment
