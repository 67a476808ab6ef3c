// An element of an experiment's list of stages: which kind of stage, its name, and its settings.
//
// A kind of stage owns its settings: a struct with describe(), and where they apply
//
//   std::vector<Need> needs() const                          models that earlier stages must make
//   std::vector<std::string> makes(const std::string&) const  models of a stage of that name
//   Status check(const Experiment&, const std::string& key) const   what ranges cannot say
//   std::vector<std::string> limits() const                  settings that a resumed run may raise
//
// and a row in stage_kinds.cpp. How it runs is another matter (run_stages.hpp), so that a process
// without LibTorch can read every experiment.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.hpp"
#include "core/result.hpp"

namespace qstar::experiment {

struct Experiment;

// A model that a stage uses.
struct Need {
  std::string model;
  std::string setting;  // that asks for it, within the stage
};

// The settings of a stage, without their type.
class StageSettings {
 public:
  virtual ~StageSettings() = default;
  virtual std::unique_ptr<StageSettings> clone() const = 0;
  virtual void describe(FieldVisitor& v) = 0;
  virtual std::vector<Need> needs() const = 0;
  virtual std::vector<std::string> makes(const std::string& stage) const = 0;
  virtual std::vector<std::string> limits() const = 0;
  // kConfig: the message begins with `key`, which is the stage's: "stages.base".
  virtual Status check(const Experiment& experiment, const std::string& key) const = 0;
};

template <class Config>
class SettingsOf final : public StageSettings {
 public:
  std::unique_ptr<StageSettings> clone() const override {
    return std::make_unique<SettingsOf>(*this);
  }
  void describe(FieldVisitor& v) override { config.describe(v); }
  std::vector<Need> needs() const override {
    if constexpr (requires { config.needs(); }) return config.needs();
    return {};
  }
  std::vector<std::string> makes(const std::string& stage) const override {
    if constexpr (requires { config.makes(stage); }) return config.makes(stage);
    return {};
  }
  std::vector<std::string> limits() const override {
    if constexpr (requires { config.limits(); }) return config.limits();
    return {};
  }
  Status check(const Experiment& experiment, const std::string& key) const override {
    if constexpr (requires { config.check(experiment, key); }) return config.check(experiment, key);
    return {};
  }
  Config config;
};

struct StageKind {
  std::string_view kind;
  std::string_view name;     // of a stage that is not given one
  std::string_view summary;  // in a few words
  bool of_puzzles = false;   // it trains on a puzzle, not on text
  std::unique_ptr<StageSettings> (*make)() = nullptr;
};
std::span<const StageKind> stage_kinds();
// Null: there is no such kind.
const StageKind* find_stage_kind(std::string_view kind);

class StageEntry {
 public:
  StageEntry() = default;
  // A stage of that kind, which must exist, with the defaults.
  explicit StageEntry(std::string_view of_kind);
  StageEntry(const StageEntry& other);
  StageEntry& operator=(const StageEntry& other);
  StageEntry(StageEntry&&) noexcept = default;
  StageEntry& operator=(StageEntry&&) noexcept = default;
  ~StageEntry() = default;

  std::string kind;
  std::string name;   // unique in the list; names models, saves and a section of the report
  bool skip = false;  // it does not run

  void describe(FieldVisitor& v);
  // Null before a kind was read.
  const StageSettings* settings() const { return settings_.get(); }
  // The settings of a stage of this kind; null: it is of another kind.
  template <class Config>
  const Config* as() const {
    const auto* typed = dynamic_cast<const SettingsOf<Config>*>(settings_.get());
    return typed == nullptr ? nullptr : &typed->config;
  }
  template <class Config>
  Config* as() {
    auto* typed = dynamic_cast<SettingsOf<Config>*>(settings_.get());
    return typed == nullptr ? nullptr : &typed->config;
  }
  friend bool operator==(const StageEntry& a, const StageEntry& b);

 private:
  std::unique_ptr<StageSettings> settings_;
};

}  // namespace qstar::experiment
