#include "experiment/task.hpp"

#include <array>

#include "persistence/bytes.hpp"
#include "persistence/store.hpp"

namespace qstar::experiment {
namespace {

constexpr std::array<std::string_view, 6> kTaskKinds = {"attempt", "complete", "score",
                                                    "verify",  "scramble", "logprob"};

// Writes fields in order.
class Writer {
 public:
  template <persistence::PlainNumber T>
  void operator()(T value) {
    persistence::append_raw(bytes_, value);
  }
  void operator()(std::string_view text) { persistence::append_block(bytes_, text); }
  void operator()(const std::vector<AttemptGroup>& groups) {
    persistence::append_block(bytes_, persistence::pack(groups));
  }
  template <persistence::PlainNumber T>
  void operator()(const std::vector<T>& values) {
    persistence::append_raw(bytes_, static_cast<std::uint64_t>(values.size()));
    persistence::append_values(bytes_, std::span<const T>(values));
  }
  template <class T>
  void operator()(const std::vector<T>& values) {
    persistence::append_raw(bytes_, static_cast<std::uint64_t>(values.size()));
    for (const T& value : values) fields(*this, value);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads them in the same order; once something is missing it reads nothing more.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <persistence::PlainNumber T>
  void operator()(T& value) {
    ok_ = ok_ && persistence::take_raw(bytes_, value);
  }
  void operator()(std::string& text) {
    std::string_view block;
    ok_ = ok_ && persistence::take_block(bytes_, block);
    text = block;
  }
  void operator()(std::vector<AttemptGroup>& groups) {
    std::string_view block;
    ok_ = ok_ && persistence::take_block(bytes_, block);
    auto unpacked = ok_ ? persistence::unpack(block) : std::vector<AttemptGroup>{};
    ok_ = ok_ && unpacked.has_value();
    if (ok_) groups = std::move(*unpacked);
  }
  template <persistence::PlainNumber T>
  void operator()(std::vector<T>& values) {
    std::uint64_t count = 0;
    (*this)(count);
    ok_ = ok_ && count <= bytes_.size() / sizeof(T);
    if (!ok_) return;
    values.resize(count);
    ok_ = persistence::take_values(bytes_, std::span<T>(values));
  }
  template <class T>
  void operator()(std::vector<T>& values) {
    std::uint64_t count = 0;
    (*this)(count);
    // Every value takes at least one byte, so a damaged count cannot ask for much memory.
    ok_ = ok_ && count <= bytes_.size();
    for (; ok_ && count > 0; --count) fields(*this, values.emplace_back());
  }
  // Whether everything was there, and nothing else.
  bool complete() const { return ok_ && bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

// One list of fields per struct, for writing and reading alike.
void fields(Writer& f, const std::string& text) { f(std::string_view(text)); }
void fields(Reader& f, std::string& text) { f(text); }

template <class Archive, class T>
void policy_fields(Archive& f, T& policy) {
  fields(f, policy.hash);
  f(policy.version);
}

void option_fields(Writer& f, const std::optional<search::Aggregation>& aggregation) {
  f(static_cast<std::int32_t>(aggregation ? static_cast<int>(*aggregation) : -1));
}
void option_fields(Reader& f, std::optional<search::Aggregation>& aggregation) {
  std::int32_t value = -1;
  f(value);
  if (value >= 0 && value <= static_cast<int>(search::Aggregation::kLast))
    aggregation = static_cast<search::Aggregation>(value);
}
void option_fields(Writer& f, const search::EdgePriority& priority) {
  f(static_cast<std::uint8_t>(priority));
}
void option_fields(Reader& f, search::EdgePriority& priority) {
  std::uint8_t value = 0;
  f(value);
  priority = value == 0 ? search::EdgePriority::kCost : search::EdgePriority::kUtility;
}

template <class Archive, class T>
void search_fields(Archive& f, T& how) {
  f(how.samples), f(how.temperature), f(how.max_tokens), f(how.seed), f(how.first_group);
  f(how.budget), option_fields(f, how.aggregation), f(how.beam), f(how.stop_below);
  f(how.retries), f(how.weight), f(how.step_cost), f(how.repeat_cost);
  option_fields(f, how.priority), f(how.exploration), f(how.simulations);
}

template <class Archive, class T>
void request_fields(Archive& f, T& request) {
  fields(f, request.prompt);
  f(request.seed), f(request.temperature), f(request.max_tokens), f(request.stop_at_step);
}
void fields(Writer& f, const model::GenerateRequest& request) { request_fields(f, request); }
void fields(Reader& f, model::GenerateRequest& request) { request_fields(f, request); }

template <class Archive, class T>
void generation_fields(Archive& f, T& generation) {
  fields(f, generation.text);
  f(generation.tokens), f(generation.logprobs), f(generation.finished);
}
void fields(Writer& f, const model::Generation& generation) { generation_fields(f, generation); }
void fields(Reader& f, model::Generation& generation) { generation_fields(f, generation); }

// The attempts of all results travel as one block of records.
template <class Archive, class T>
void found_fields(Archive& f, T& found) {
  f(found.answers), f(found.tokens), f(found.guide_queries), f(found.complete);
}
void fields(Writer& f, const search::SearchResult& found) { found_fields(f, found); }
void fields(Reader& f, search::SearchResult& found) { found_fields(f, found); }

template <class T>
void optional_fields(Writer& f, const std::optional<T>& value) {
  f(value.has_value());
  if (value) fields(f, *value);
}
template <class T>
void optional_fields(Reader& f, std::optional<T>& value) {
  bool there = false;
  f(there);
  if (there) fields(f, value.emplace());
}
void fields(Writer& f, std::uint64_t value) { f(value); }
void fields(Reader& f, std::uint64_t& value) { f(value); }

template <class Archive, class T>
void origin_fields(Archive& f, T& origin) {
  fields(f, origin.run), f(origin.first_group);
  f(origin.policy), f(origin.critic), f(origin.reward_model);
  optional_fields(f, origin.critic_version);
}
void fields(Writer& f, const Origin& origin) { origin_fields(f, origin); }
void fields(Reader& f, Origin& origin) { origin_fields(f, origin); }

template <class Archive, class T>
void attempt_fields(Archive& f, T& task) {
  policy_fields(f, task.policy);
  fields(f, task.guide), fields(f, task.scorer), fields(f, task.environment);
  fields(f, task.search), search_fields(f, task.how), f(task.problems);
  optional_fields(f, task.origin);
}
void fields(Writer& f, const AttemptTask& task) { attempt_fields(f, task); }
void fields(Reader& f, AttemptTask& task) { attempt_fields(f, task); }

template <class Archive, class T>
void complete_fields(Archive& f, T& task) {
  policy_fields(f, task.policy), f(task.requests);
}
void fields(Writer& f, const CompleteTask& task) { complete_fields(f, task); }
void fields(Reader& f, CompleteTask& task) { complete_fields(f, task); }

void fields(Writer& f, const std::vector<float>& values) { f(values); }
void fields(Reader& f, std::vector<float>& values) { f(values); }

template <class Archive, class T>
void logprob_request_fields(Archive& f, T& request) {
  f(request.tokens), f(request.first), f(request.temperature);
}
void fields(Writer& f, const model::LogprobRequest& request) { logprob_request_fields(f, request); }
void fields(Reader& f, model::LogprobRequest& request) { logprob_request_fields(f, request); }

template <class Archive, class T>
void logprob_fields(Archive& f, T& task) {
  policy_fields(f, task.policy), f(task.requests);
}
void fields(Writer& f, const LogprobTask& task) { logprob_fields(f, task); }
void fields(Reader& f, LogprobTask& task) { logprob_fields(f, task); }

void fields(Writer& f, const ScoreTask& task) { fields(f, task.scorer), f(task.groups); }
void fields(Reader& f, ScoreTask& task) { fields(f, task.scorer), f(task.groups); }
void fields(Writer& f, const VerifyTask& task) { f(task.groups); }
void fields(Reader& f, VerifyTask& task) { f(task.groups); }

template <class Archive, class T>
void scramble_fields(Archive& f, T& task) {
  fields(f, task.environment), fields(f, task.learner), f(task.seed);
  f(task.first_batch), f(task.batches), f(task.with_targets), fields(f, task.network);
}
void fields(Writer& f, const ScrambleTask& task) { scramble_fields(f, task); }
void fields(Reader& f, ScrambleTask& task) { scramble_fields(f, task); }

template <class Archive, class T>
void batch_fields(Archive& f, T& batch) {
  f(batch.index), f(batch.examples.states), f(batch.examples.moves);
  f(batch.examples.state_bounds), f(batch.examples.move_bounds), f(batch.targets);
}
void fields(Writer& f, const ExampleBatch& batch) { batch_fields(f, batch); }
void fields(Reader& f, ExampleBatch& batch) { batch_fields(f, batch); }

template <class T>
Result<Task> task_of(Reader& reader) {
  T task;
  fields(reader, task);
  if (reader.complete()) return task;
  return fail(Errc::kCorrupt, "a task cannot be decoded: use the same version of qstar everywhere");
}

}  // namespace

void write_origin(const Origin& origin, std::span<AttemptGroup> groups) {
  for (std::size_t g = 0; g < groups.size(); ++g) {
    groups[g].group = origin.first_group + g;
    for (auto& attempt : groups[g].attempts) {
      attempt.id.group = groups[g].group;
      attempt.provenance = {origin.run, "", QSTAR_VERSION};
      attempt.critic_version = origin.critic_version;
      attempt.critic_model = origin.critic;
      attempt.reward_model = origin.reward_model;
      for (auto& step : attempt.steps) step.model = origin.policy;
    }
  }
}

std::string_view kind_of(const Task& task) { return kTaskKinds[task.index()]; }
bool is_urgent(const Task& task) { return std::holds_alternative<LogprobTask>(task); }

std::string encode(const Task& task) {
  Writer writer;
  writer(static_cast<std::uint8_t>(task.index()));
  std::visit([&](const auto& kind) { fields(writer, kind); }, task);
  return writer.take();
}

Result<Task> decode_task(std::string_view bytes) {
  std::uint8_t kind = 0;
  const bool any = persistence::take_raw(bytes, kind);
  Reader reader(bytes);
  if (any && kind == 0) return task_of<AttemptTask>(reader);
  if (any && kind == 1) return task_of<CompleteTask>(reader);
  if (any && kind == 2) return task_of<ScoreTask>(reader);
  if (any && kind == 3) return task_of<VerifyTask>(reader);
  if (any && kind == 4) return task_of<ScrambleTask>(reader);
  if (any && kind == 5) return task_of<LogprobTask>(reader);
  return fail(Errc::kCorrupt,
              "a task is of an unknown kind: use the same version of qstar "
              "everywhere");
}

std::string encode(const TaskResult& result) {
  Writer writer;
  writer(result.found);
  writer(std::string_view(result.records));
  writer(result.generations);
  writer(result.groups);
  writer(result.batches);
  writer(result.logprobs);
  writer(result.cpu_seconds);
  return writer.take();
}

Result<TaskResult> decode_result(std::string_view bytes) {
  TaskResult result;
  Reader reader(bytes);
  reader(result.found), reader(result.records);
  reader(result.generations), reader(result.groups), reader(result.batches);
  reader(result.logprobs);
  reader(result.cpu_seconds);
  auto groups = persistence::unpack(result.records);
  if (!reader.complete() || !groups || groups->size() != result.found.size())
    return fail(Errc::kCorrupt,
                "the result of a task cannot be decoded: use the same version of qstar everywhere");
  for (std::size_t i = 0; i < groups->size(); ++i) {
    const auto attempts = (*groups)[i].attempts.size();
    for (const auto answer : result.found[i].answers)
      if (answer >= attempts)
        return fail(Errc::kCorrupt, "the result of a task names an attempt that it does not have");
    result.found[i].group = std::move((*groups)[i]);
  }
  return result;
}

}  // namespace qstar::experiment
