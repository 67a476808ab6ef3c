#include "cli/model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/model_kind.hpp"
#include "core/printable.hpp"
#include "model/models.hpp"

namespace qstar::cli {
namespace {

class JsonFields final : public FieldVisitor {
 public:
  explicit JsonFields(std::string_view environment) : environment_(environment) {}

  void value(const FieldInfo& info, std::int64_t& field) override { add(info, field); }
  void value(const FieldInfo& info, double& field) override { add(info, field); }
  void value(const FieldInfo& info, bool& field) override { add(info, field); }
  void value(const FieldInfo& info, std::string& field) override { add(info, field); }
  void value(const FieldInfo& info, std::vector<std::int64_t>& field) override { add(info, field); }
  void value(const FieldInfo& info, std::vector<double>& field) override { add(info, field); }
  void value(const FieldInfo& info, std::vector<std::string>& field) override { add(info, field); }
  void section(std::string_view, std::string_view,
               const std::function<void(FieldVisitor&)>&) override {}
  void sections(const FieldInfo&, SectionList&) override {}

  nlohmann::ordered_json json;

 private:
  template <class T>
  void add(const FieldInfo& info, const T& value) {
    if (environment::environment_reads(environment_, info.name))
      json[std::string(info.name)] = value;
  }
  std::string environment_;
};

Result<environment::EnvironmentConfig> environment_of(model::ModelFile& model,
                                                      const std::string& path,
                                                      std::span<const std::string> overrides) {
  auto read = environment::read_metadata(model.metadata["environment"],
                                         printable(path) + ", metadata 'environment'");
  if (!read) return fail(Errc::kCorrupt, read.error().message);
  environment::EnvironmentConfig config = std::move(*read);
  const auto ordered = environment::environment_overrides(overrides);
  if (auto ok = parse_config("", "--environment", ordered, describe_of(config)); !ok)
    return tl::unexpected(ok.error());
  if (auto ok = environment::check_environment_overrides(config, overrides); !ok)
    return tl::unexpected(ok.error());
  return config;
}

Status check_policy(const model::ModelFile& model, const std::string& path) {
  const auto role = model.metadata.find("role");
  if (role == model.metadata.end()) return {};
  for (const auto scorer : {model::ScorerRole::kCritic, model::ScorerRole::kProcess,
                            model::ScorerRole::kOutcome, model::ScorerRole::kPreference}) {
    if (role->second == to_string(scorer))
      return fail(Errc::kConfig,
                  fmt::format("{} is a model that scores steps ('{}'), not a policy: give it as "
                              "--guide",
                              printable(path), role->second));
  }
  return {};
}

Status check_characters(const LoadedModel& model) {
  const std::string_view alphabet = model.environment->alphabet();
  if (alphabet.empty())
    return fail(Errc::kConfig,
                fmt::format("environment.name = \"{}\": its steps are moves, not text that a "
                            "policy writes; 'qstar search' solves it",
                            model.config.name));
  const std::string& known = model.weights->tokenizer().characters();
  const auto foreign = alphabet.find_first_not_of(known);
  if (foreign == std::string_view::npos) return {};
  return fail(Errc::kConfig,
              fmt::format("environment.name = \"{}\": {} does not know its character '{}'",
                          model.config.name, printable(model.path), alphabet[foreign]));
}

}  // namespace

Result<LoadedModel> load_model(const std::string& path, std::span<const std::string> overrides) {
  LoadedModel loaded;
  std::error_code unreadable;  // then reading it says so
  loaded.path =
      std::filesystem::is_directory(path, unreadable) ? path + "/policy.safetensors" : path;
  auto model = model::read_model(loaded.path);
  if (!model) return tl::unexpected(explained(path, ModelKind::kText, model.error()));
  if (auto ok = check_policy(*model, loaded.path); !ok) return tl::unexpected(ok.error());
  auto config = environment_of(*model, loaded.path, overrides);
  if (!config) return tl::unexpected(config.error());
  loaded.config = std::move(*config);
  auto environment = environment::make_environment(loaded.config);
  if (!environment) return tl::unexpected(environment.error());
  auto weights = inference::DecoderWeights::make(*model, 0);
  if (!weights) return fail(weights.error().code, loaded.path + ": " + weights.error().message);
  loaded.environment = std::move(*environment);
  loaded.weights = std::move(*weights);
  if (auto ok = check_characters(loaded); !ok) return tl::unexpected(ok.error());
  return loaded;
}

Status check_length(const LoadedModel& model, const std::string& problem) {
  const auto context = model.weights->spec().context;
  if (static_cast<std::int64_t>(problem.size()) + 2 < context) return {};
  return fail(
      Errc::kBadProblem,
      fmt::format("a problem of {} characters does not fit the model's context of {} tokens",
                  problem.size(), context));
}

nlohmann::ordered_json to_json(const environment::EnvironmentConfig& config) {
  JsonFields fields(config.name);
  environment::EnvironmentConfig described = config;
  described.describe(fields);
  return std::move(fields.json);
}

}  // namespace qstar::cli
