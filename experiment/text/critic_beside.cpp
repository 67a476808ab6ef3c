#include "experiment/text/critic_beside.hpp"

#include "search/text/evaluate.hpp"

namespace qstar::experiment {
namespace {

constexpr std::int64_t kReference = 500;  // attempts of the initial policy that it is judged by
constexpr std::string_view kPrefix = "critic-";

}  // namespace

Result<std::unique_ptr<CriticBeside>> CriticBeside::make(Run& run, const std::string& owner,
                                                         const ReinforceConfig& config,
                                                         const model::ModelFile& policy) {
  const auto label = owner + ".critic";
  auto trainer =
      CriticTrainer::make(config, policy, run.seed(label), {label, run.host().keep_failed});
  if (!trainer) return tl::unexpected(trainer.error());
  auto published = run.publish(policy, 1, label);
  if (!published) return tl::unexpected(published.error());
  std::unique_ptr<CriticBeside> critic(new CriticBeside(run, owner, config, std::move(*trainer)));
  AttemptTask task{.policy = std::move(*published),
                   .how = run.options(label + ".reference"),
                   .problems = search::held_out_problems(run.environment(), kReference)};
  task.how.samples = 1;
  critic->reference_parts_ = submit_in_parts(run.engine(), task);
  return critic;
}

CriticBeside::~CriticBeside() {
  stops_ = true;
  if (work_ && work_->valid()) work_->wait();
  run_.engine().cancel(reference_parts_);
}

Status CriticBeside::publish(std::uint64_t version) { return publish(trainer_->model(), version); }

Status CriticBeside::publish(const model::ModelFile& model, std::uint64_t version) {
  auto hash = run_.publish_scorer(model, label_, version);
  if (!hash) return tl::unexpected(hash.error());
  hash_ = std::move(*hash);
  published_[hash_] = model;
  return {};
}

void CriticBeside::begin(const std::vector<AttemptGroup>& groups, double share) {
  std::vector<std::shared_ptr<const AttemptGroup>> shared;
  shared.reserve(groups.size());
  for (const auto& group : groups) shared.push_back(std::make_shared<const AttemptGroup>(group));
  trainer_->insert(shared);
  wanted_ = trainer_->updates() + config_.critic_updates;
  stops_ = false;
  work_ = run_.host().beside("critic", [this, share] {
    return trainer_->train(wanted_, share, Stop([this] { return stops_ || run_.host().stop(); }));
  });
}

Status CriticBeside::finish() {
  if (!work_) return {};
  auto done = work_->get();
  work_.reset();
  if (done && trainer_->updates() < wanted_) return fail(Errc::kInterrupted, "stopped");
  return done;
}

void CriticBeside::add_loss(std::map<std::string, double>& values) const {
  if (trainer_->loss()) values["critic_loss"] = *trainer_->loss();
}

Result<std::map<std::string, double>> CriticBeside::assess() {
  if (!reference_parts_.empty()) {
    auto results = wait_for_all(run_.engine(), reference_parts_);
    if (!results) return tl::unexpected(results.error());
    reference_parts_.clear();
    reference_ = search::groups_of(std::move(results->found));
  }
  return trainer_->assess(reference_);
}

void CriticBeside::keep_only(const std::function<bool(const ModelHash&)>& needed) {
  std::erase_if(published_,
                [&](const auto& entry) { return entry.first != hash_ && !needed(entry.first); });
}

void CriticBeside::save(SavedParts& parts) const {
  parts.merge(trainer_->save());
  for (const auto& [hash, model] : published_)
    if (hash != hash_) parts[std::string(kPrefix) + hash] = serialize(model);
}

Status CriticBeside::load(const SavedParts& parts) {
  const auto source = "checkpoints/" + owner_;
  if (auto loaded = trainer_->load(parts, source, run_.host().stored); !loaded) return loaded;
  for (const auto& [name, bytes] : parts) {
    if (!name.starts_with(kPrefix)) continue;
    auto model = model::parse_model(bytes, source + ": " + name);
    if (!model) return tl::unexpected(model.error());
    if (auto published = publish(*model, 0); !published) return published;
  }
  return {};
}

}  // namespace qstar::experiment
