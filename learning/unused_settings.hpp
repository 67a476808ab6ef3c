// Settings that would have no effect beside others: they are refused, so that what is recorded of a
// run is what was used. Only a value other than the default can be distinguished from one that
// was not given.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "learning/critic/critic_learner.hpp"

namespace qstar::learning {

class UnusedSettings {
 public:
  // `key` has no effect unless `used`, because of `why`. Only the first one is kept.
  template <class T>
  void want(bool used, const std::string& key, const T& value, const T& standard,
            std::string_view why) {
    if (used || value == standard || error_) return;
    error_ = fmt::format("{} = {} has no effect: {}; remove it", key, value, why);
  }
  Status status() const;

 private:
  std::optional<std::string> error_;
};

// Of a critic whose section is called `section`; `standard`: its defaults there.
void note_unused(const CriticConfig& config, const CriticConfig& standard,
                 const std::string& section, UnusedSettings& unused);

}  // namespace qstar::learning
