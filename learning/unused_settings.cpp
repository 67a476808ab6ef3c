#include "learning/unused_settings.hpp"

namespace qstar::learning {

Status UnusedSettings::status() const {
  if (error_) return fail(Errc::kConfig, *error_);
  return {};
}

void note_unused(const CriticConfig& config, const CriticConfig& standard,
                 const std::string& section, UnusedSettings& unused) {
  const auto only_with = [&](std::string_view what) {
    return fmt::format("{}.target = \"{}\" does not use it, only {} does", section, config.target,
                       what);
  };
  const bool asks = asks_network({config.target});
  unused.want(config.target == "n_step", section + ".steps", config.steps, standard.steps,
              only_with("n_step"));
  unused.want(config.target == "kept_chance", section + ".luck", config.luck, standard.luck,
              only_with("kept_chance"));
  unused.want(asks, section + ".target_period", config.target_period, standard.target_period,
              only_with("a target that asks the target network"));
  unused.want(config.dueling, section + ".centring", config.centring, standard.centring,
              section + ".dueling is false");
}

}  // namespace qstar::learning
