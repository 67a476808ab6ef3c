// The setter of self-play as an actor: it asks the decoders to write, referees and remembers.
#include <stdexcept>

#include "actors/actors.hpp"
#include "actors/story_actors.hpp"
#include "actors/system.hpp"

namespace qstar {
namespace {

SetterActor::behavior_type behavior(SetterActor::pointer self,
                                    const std::shared_ptr<Setter>& setter) {
  explain_exceptions(*self);
  return {[setter](const ProposeProblems& request) -> caf::result<Proposed> {
            auto made = setter->propose(*request.policy, request.problems, request.round);
            if (!made) return to_caf(made.error());
            return Proposed{std::move(*made)};
          },
          [setter](const RateProblems& rated) -> caf::result<Imitate> {
            auto lesson = setter->lesson(rated.problems);
            if (!lesson) return to_caf(lesson.error());
            return Imitate{std::move(*lesson)};
          },
          [setter](const SaveSetter&) { return SetterState{setter->save()}; },
          [setter](const SetterState& saved) -> caf::result<SetterState> {
            if (auto loaded = setter->load(saved.bytes); !loaded) return to_caf(loaded.error());
            return SetterState{};
          }};
}

class RemoteSetter final : public Setter {
 public:
  RemoteSetter(caf::actor_system& system, std::shared_ptr<Setter> setter)
      : self_(system), actor_(system.spawn<caf::detached>(behavior, std::move(setter))) {}
  ~RemoteSetter() override { end_all(self_->system(), {caf::actor_cast<caf::actor>(actor_)}); }

  Result<Proposals> propose(const ModelFile& policy, std::int64_t n, std::int64_t round) override {
    return ask<Proposed>(ProposeProblems{std::make_shared<const ModelFile>(policy), n, round})
        .map([](Proposed&& made) { return std::move(made.proposals); });
  }
  Result<SetterLesson> lesson(std::span<const RatedProblem> problems) override {
    return ask<Imitate>(RateProblems{{problems.begin(), problems.end()}}).map([](Imitate&& made) {
      return std::move(made.lesson);
    });
  }
  std::string save() const override {
    auto state = ask<SetterState>(SaveSetter{});
    // Half a save would be worse than none.
    if (!state) throw std::runtime_error("the setter was not saved: " + state.error().message);
    return std::move(state->bytes);
  }
  Status load(std::string_view bytes) override {
    return ask<SetterState>(SetterState{std::string(bytes)}).map([](SetterState&&) {});
  }

 private:
  template <class Answer, class Message>
  Result<Answer> ask(Message message) const {
    Result<Answer> result;
    self_->request(actor_, caf::infinite, std::move(message))
        .receive([&](Answer& answer) { result = std::move(answer); },
                 [&](const caf::error& error) { result = tl::unexpected(error_of(error)); });
    return result;
  }

  mutable caf::scoped_actor self_;
  SetterActor actor_;
};

}  // namespace

std::unique_ptr<Setter> remote_setter(caf::actor_system& system, std::unique_ptr<Setter> setter) {
  return std::make_unique<RemoteSetter>(system, std::move(setter));
}

}  // namespace qstar
