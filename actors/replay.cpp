// The replay buffer as an actor: inserts are acknowledged when durable, samples when the limiter
// admits them; until then their requests wait here, one or two of them, never more than learners.
#include <deque>

#include "actors/actors.hpp"
#include "actors/ask_in_turns.hpp"
#include "core/sha256.hpp"
#include "persistence/bytes.hpp"

namespace qstar {
namespace {

// A limiter that never waits would admit leases without end: more than there can be rollouts (64 a
// process, 64 local workers) need not be counted.
constexpr std::int64_t kMostLeases = 64 * 64;

// Gives every step the number of its policy in the store's table of models.
Status name_policies(Store& store, Insert& message) {
  std::map<std::uint64_t, std::uint64_t> numbers;  // by version
  for (const auto& [version, hash] : message.policies) {
    const auto number = parse_sha256(hash).and_then([&](const Sha256& digest) {
      return store.model_number(digest, "policy", "policy", version);
    });
    if (!number) return tl::unexpected(number.error());
    numbers[version] = *number;
  }
  for (auto& group : message.groups)
    for (auto& attempt : group.attempts)
      for (auto& step : attempt.steps)
        if (const auto it = numbers.find(step.policy_version); it != numbers.end())
          step.model = it->second;
  return {};
}

struct ReplayState {
  struct Waiting {
    caf::strong_actor_ptr asker;
    Sample request;
    caf::typed_response_promise<Samples> promise;
  };

  ReplayActor::pointer self = nullptr;
  std::unique_ptr<ReplayBuffer> buffer;
  ReplayOptions options;
  std::unique_ptr<Rng> rng;
  CoordinatorActor listener;
  std::deque<Waiting> waiting;

  caf::result<Inserted> insert(Insert& message) {
    if (message.groups.empty()) return to_caf({Errc::kCorrupt, "an insert without attempts"});
    const auto named = name_policies(buffer->store(), message);
    auto fresh = named ? buffer->insert(message.groups) : tl::unexpected(named.error());
    if (!fresh) {
      // Nothing was acknowledged; a full disk or a damaged store ends the run with its reason.
      self->quit(to_caf(fresh.error()));
      return to_caf(fresh.error());
    }
    serve();
    return Inserted{*fresh};
  }

  caf::result<Samples> sample(const Sample& request) {
    const auto asker = self->current_sender();
    keep_newest(waiting, Waiting{asker, request, self->make_response_promise<Samples>()},
                [&](const Waiting& w) { return w.asker == asker; });
    auto promise = waiting.back().promise;
    serve();
    return promise;
  }

  // Answers every waiting request that the limiters admit, then says how things stand.
  void serve() {
    for (auto it = waiting.begin(); it != waiting.end();) {
      const auto& r = it->request;
      auto groups = buffer->sample(r.table, r.groups, r.min_version, *rng, r.force);
      if (groups.empty() && !r.force) {
        ++it;
        continue;
      }
      it->promise.deliver(Samples{std::move(groups)});
      it = waiting.erase(it);
    }
    if (listener) self->send(listener, status());
  }

  void release() {
    for (auto& w : waiting) w.promise.deliver(Samples{});
    waiting.clear();
  }

  ReplayStatus status() const {
    ReplayStatus s;
    // With nothing left to learn from, the limiter's count of what was inserted decides nothing.
    if (buffer->size(Table::kPolicy) == 0) s.insertable = options.lease_groups;
    while (s.insertable < kMostLeases * options.lease_groups &&
           buffer->may_insert(s.insertable + options.lease_groups)) {
      s.insertable += options.lease_groups;
    }
    s.policy_size = buffer->size(Table::kPolicy);
    s.critic_size = buffer->size(Table::kCritic);
    s.inserts = buffer->limiter(Table::kPolicy).inserts();
    s.policy_samples = buffer->limiter(Table::kPolicy).samples();
    s.critic_samples = buffer->limiter(Table::kCritic).samples();
    s.dropped_stale = buffer->dropped_stale(Table::kPolicy);
    s.who_waits = buffer->limiter(Table::kPolicy).who_waits();
    return s;
  }

  // The generator's place and the buffer's tables, as one string.
  std::string save() const {
    std::string bytes;
    append_raw(bytes, rng->state());
    return bytes + buffer->save();
  }
};

ReplayActor::behavior_type replay(ReplayActor::stateful_pointer<ReplayState> self,
                                  std::shared_ptr<ReplayBuffer> buffer,
                                  const ReplayOptions& options, const CoordinatorActor& listener) {
  explain_exceptions(*self);
  auto& state = self->state;
  state.self = self;
  state.buffer = std::make_unique<ReplayBuffer>(std::move(*buffer));
  state.options = options;
  state.rng = std::make_unique<Rng>(derive_seed(options.seed, "replay"));
  if (options.rng_state) state.rng->set_state(*options.rng_state);
  state.listener = listener;
  if (listener) self->send(listener, state.status());
  return {
      [&state](Insert& message) { return state.insert(message); },
      [&state](const Sample& request) { return state.sample(request); },
      [&state](const Priorities& p) {
        state.buffer->update_priorities(p.table, p.groups, p.priorities);
      },
      [&state](Release) { state.release(); },
      [&state](SaveState) { return Bytes{state.save()}; },
  };
}

}  // namespace

Result<SavedReplay> split_saved_replay(std::string_view bytes) {
  SavedReplay saved;
  if (!take_raw(bytes, saved.rng_state))
    return fail(Errc::kCorrupt, "the checkpoint's replay part is too short");
  saved.tables = bytes;
  return saved;
}

ReplayActor spawn_replay(caf::actor_system& system, ReplayBuffer buffer,
                         const ReplayOptions& options, const CoordinatorActor& listener) {
  return system.spawn<caf::detached>(replay, std::make_shared<ReplayBuffer>(std::move(buffer)),
                                     options, listener);
}

}  // namespace qstar
