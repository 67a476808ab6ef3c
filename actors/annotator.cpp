// The annotator who ranks answers, as an actor.
#include "actors/actors.hpp"
#include "actors/story_actors.hpp"

namespace qstar {
namespace {

AnnotatorActor::behavior_type behavior(AnnotatorActor::pointer self,
                                       const std::shared_ptr<Annotator>& annotator) {
  explain_exceptions(*self);
  return {[annotator](const RankAnswers& request) -> caf::result<RankedAnswers> {
    auto ranked = annotator->rank(request.groups);
    if (!ranked) return to_caf(ranked.error());
    return RankedAnswers{std::move(*ranked)};
  }};
}

class RemoteAnnotator final : public Annotator {
 public:
  RemoteAnnotator(caf::actor_system& system, AnnotatorActor annotator)
      : self_(system), annotator_(std::move(annotator)) {}

  Result<Rankings> rank(std::span<const AttemptGroup> groups) override {
    Result<Rankings> ranked;
    self_->request(annotator_, kLongWork, RankAnswers{{groups.begin(), groups.end()}})
        .receive([&](RankedAnswers& said) { ranked = std::move(said.rankings); },
                 [&](const caf::error& error) { ranked = tl::unexpected(error_of(error)); });
    return ranked;
  }

 private:
  caf::scoped_actor self_;
  AnnotatorActor annotator_;
};

}  // namespace

AnnotatorActor spawn_annotator(caf::actor_system& system, std::shared_ptr<Annotator> annotator) {
  return system.spawn<caf::detached>(behavior, std::move(annotator));
}

std::unique_ptr<Annotator> remote_annotator(caf::actor_system& system,
                                            const AnnotatorActor& annotator) {
  return std::make_unique<RemoteAnnotator>(system, annotator);
}

}  // namespace qstar
