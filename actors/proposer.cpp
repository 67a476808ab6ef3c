// The proposer of self-play as an actor: it has the decoders write problems, checks and remembers
// them.
#include <stdexcept>

#include "actors/actors.hpp"
#include "actors/story_actors.hpp"
#include "actors/system.hpp"

namespace qstar {
namespace {

ProposerActor::behavior_type behavior(ProposerActor::pointer self,
                                      const std::shared_ptr<Proposer>& proposer) {
  explain_exceptions(*self);
  return {[proposer](const ProposeProblems& request) -> caf::result<Proposed> {
            auto made = proposer->propose(*request.policy, request.problems, request.round);
            if (!made) return to_caf(made.error());
            return Proposed{std::move(*made)};
          },
          [proposer](const RateProblems& rated) -> caf::result<Imitate> {
            auto batches = proposer->imitation_batches(rated.problems);
            if (!batches) return to_caf(batches.error());
            return Imitate{std::move(*batches)};
          },
          [proposer](const SaveProposer&) { return ProposerState{proposer->save()}; },
          [proposer](const ProposerState& saved) -> caf::result<ProposerState> {
            if (auto loaded = proposer->load(saved.bytes); !loaded) return to_caf(loaded.error());
            return ProposerState{};
          }};
}

class RemoteProposer final : public Proposer {
 public:
  RemoteProposer(caf::actor_system& system, std::shared_ptr<Proposer> proposer)
      : self_(system), actor_(system.spawn<caf::detached>(behavior, std::move(proposer))) {}
  ~RemoteProposer() override { end_all(self_->system(), {caf::actor_cast<caf::actor>(actor_)}); }

  Result<Proposals> propose(const ModelFile& policy, std::int64_t n, std::int64_t round) override {
    return ask<Proposed>(ProposeProblems{std::make_shared<const ModelFile>(policy), n, round})
        .map([](Proposed&& made) { return std::move(made.proposals); });
  }
  Result<ImitationBatches> imitation_batches(std::span<const RatedProblem> problems) override {
    return ask<Imitate>(RateProblems{{problems.begin(), problems.end()}}).map([](Imitate&& made) {
      return std::move(made.batches);
    });
  }
  std::string save() const override {
    auto state = ask<ProposerState>(SaveProposer{});
    // A checkpoint without the proposer would be worse than none.
    if (!state)
      throw std::runtime_error("the proposer could not be saved: " + state.error().message);
    return std::move(state->bytes);
  }
  Status load(std::string_view bytes) override {
    return ask<ProposerState>(ProposerState{std::string(bytes)}).map([](ProposerState&&) {});
  }

 private:
  template <class Answer, class Message>
  Result<Answer> ask(Message message) const {
    Result<Answer> result;
    self_->request(actor_, kLongWork, std::move(message))
        .receive([&](Answer& answer) { result = std::move(answer); },
                 [&](const caf::error& error) { result = tl::unexpected(error_of(error)); });
    return result;
  }

  mutable caf::scoped_actor self_;
  ProposerActor actor_;
};

}  // namespace

std::unique_ptr<Proposer> remote_proposer(caf::actor_system& system,
                                          std::unique_ptr<Proposer> proposer) {
  return std::make_unique<RemoteProposer>(system, std::move(proposer));
}

}  // namespace qstar
