// The actors of a story, and how its stages reach them: each client looks like the pure object that
// the actor holds, and waits for its answers.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "actors/interfaces.hpp"
#include "actors/story_messages.hpp"
#include "core/models.hpp"
#include "persistence/store.hpp"
#include "story/annotator.hpp"
#include "story/setter.hpp"

namespace qstar {

// Generates with weights that come with the request; several of them share the work.
using DecoderActor = caf::typed_actor<caf::replies_to<Decode>::with<Generated>>;
// Ranks answers.
using AnnotatorActor = caf::typed_actor<caf::replies_to<RankAnswers>::with<RankedAnswers>>;
// Proposes problems, and learns which are worth proposing.
using SetterActor = caf::typed_actor<caf::replies_to<ProposeProblems>::with<Proposed>,
                                     caf::replies_to<RateProblems>::with<Imitate>,
                                     caf::replies_to<SaveSetter>::with<SetterState>,
                                     caf::replies_to<SetterState>::with<SetterState>>;
// Keeps groups in the store: acknowledged when durable.
using ArchiveActor = caf::typed_actor<caf::replies_to<Insert>::with<Inserted>>;

DecoderActor spawn_decoder(caf::actor_system& system, std::int32_t slots);
AnnotatorActor spawn_annotator(caf::actor_system& system, std::shared_ptr<Annotator> annotator);
ArchiveActor spawn_archive(caf::actor_system& system, std::shared_ptr<Store> store);

// What went wrong with an actor since it was last asked; the answers meanwhile are empty. A Policy
// cannot say so itself.
using Trouble = std::shared_ptr<Status>;

// The policy of these weights, decoded by all of the actors together. What it generates does not
// depend on how many there are.
std::unique_ptr<Policy> remote_policy(caf::actor_system& system,
                                      const std::vector<DecoderActor>& decoders,
                                      std::shared_ptr<const DecoderWeights> weights,
                                      Trouble trouble);
std::unique_ptr<Annotator> remote_annotator(caf::actor_system& system,
                                            const AnnotatorActor& annotator);
// The setter as an actor of its own, which ends with who speaks for it. Its save() throws where the
// actor could not.
std::unique_ptr<Setter> remote_setter(caf::actor_system& system, std::unique_ptr<Setter> setter);
Status archive(caf::actor_system& system, const ArchiveActor& archive,
               std::span<const AttemptGroup> groups);

}  // namespace qstar
