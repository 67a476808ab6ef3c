// The actors of a story and their clients. A client has the interface of the object inside the
// actor and blocks until the actor answers.
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
#include "story/proposer.hpp"

namespace qstar {

// Generates with the weights in the request; several decoders share the work.
using DecoderActor = caf::typed_actor<caf::replies_to<Decode>::with<Generated>>;
// Ranks answers.
using AnnotatorActor = caf::typed_actor<caf::replies_to<RankAnswers>::with<RankedAnswers>>;
// Writes problems, and draws those to imitate.
using ProposerActor = caf::typed_actor<caf::replies_to<ProposeProblems>::with<Proposed>,
                                       caf::replies_to<RateProblems>::with<Imitate>,
                                       caf::replies_to<SaveProposer>::with<ProposerState>,
                                       caf::replies_to<ProposerState>::with<ProposerState>>;
// Stores groups; acknowledges them when they are durable.
using ArchiveActor = caf::typed_actor<caf::replies_to<Insert>::with<Inserted>>;

DecoderActor spawn_decoder(caf::actor_system& system, std::int32_t slots);
AnnotatorActor spawn_annotator(caf::actor_system& system, std::shared_ptr<Annotator> annotator);
ArchiveActor spawn_archive(caf::actor_system& system, std::shared_ptr<Store> store);

// The latest error of a decoder since this was last read. The interface Policy cannot return
// errors, so the generations of a failed request are empty and the error is put here.
using Trouble = std::shared_ptr<Status>;

// A policy with these weights whose requests all decoders share. The generations do not depend on
// the number of decoders.
std::unique_ptr<Policy> remote_policy(caf::actor_system& system,
                                      const std::vector<DecoderActor>& decoders,
                                      std::shared_ptr<const DecoderWeights> weights,
                                      Trouble trouble);
std::unique_ptr<Annotator> remote_annotator(caf::actor_system& system,
                                            const AnnotatorActor& annotator);
// Moves the proposer into an actor of its own, which ends when the returned client is destroyed.
// The client's save() throws std::runtime_error when the actor does not answer.
std::unique_ptr<Proposer> remote_proposer(caf::actor_system& system,
                                          std::unique_ptr<Proposer> proposer);
Status archive(caf::actor_system& system, const ArchiveActor& archive,
               std::span<const AttemptGroup> groups);

}  // namespace qstar
