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

namespace qstar {

// Generates with weights that come with the request; several of them share the work.
using DecoderActor = caf::typed_actor<caf::replies_to<Decode>::with<Generated>>;
// Ranks answers.
using AnnotatorActor = caf::typed_actor<caf::replies_to<RankAnswers>::with<RankedAnswers>>;
// Keeps groups in the store: acknowledged when durable.
using ArchiveActor = caf::typed_actor<caf::replies_to<Insert>::with<Inserted>>;

DecoderActor spawn_decoder(caf::actor_system& system, std::int32_t slots);
AnnotatorActor spawn_annotator(caf::actor_system& system, std::shared_ptr<Annotator> annotator);
ArchiveActor spawn_archive(caf::actor_system& system, std::shared_ptr<Store> store);

// What went wrong with an actor since it was last asked; the answers meanwhile are empty. An
// Annotator or Policy cannot say so itself in time.
using Trouble = std::shared_ptr<Status>;

// The policy of these weights, decoded by all of the actors together. What it generates does not
// depend on how many there are.
std::unique_ptr<Policy> remote_policy(caf::actor_system& system,
                                      const std::vector<DecoderActor>& decoders,
                                      std::shared_ptr<const DecoderWeights> weights,
                                      Trouble trouble);
std::unique_ptr<Annotator> remote_annotator(caf::actor_system& system,
                                            const AnnotatorActor& annotator);
Status archive(caf::actor_system& system, const ArchiveActor& archive,
               std::span<const AttemptGroup> groups);

}  // namespace qstar
