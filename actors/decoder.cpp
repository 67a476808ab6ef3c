// A decoder as an actor; the weights come with the request.
#include <algorithm>

#include "actors/actors.hpp"
#include "actors/story_actors.hpp"

namespace qstar {
namespace {

struct DecoderState {
  std::int32_t slots = 0;
  std::shared_ptr<const DecoderWeights> weights;  // of the newest request
  std::unique_ptr<DecoderPolicy> policy;

  Generated decode(const Decode& request) {
    if (weights != request.weights) {
      weights = request.weights;
      policy = std::make_unique<DecoderPolicy>(weights, slots);
    }
    return {weights->version(), policy->generate(request.requests)};
  }
};

DecoderActor::behavior_type decoder(DecoderActor::stateful_pointer<DecoderState> self,
                                    std::int32_t slots) {
  explain_exceptions(*self);
  auto& state = self->state;
  state.slots = slots;
  return {[&state](const Decode& request) { return state.decode(request); }};
}

// Splits requests into equal parts, one per decoder.
class RemotePolicy final : public Policy {
  // Before its use: its type is deduced.
  auto ask(std::size_t decoder, std::span<const GenerateRequest> requests) {
    return self_->request(decoders_[decoder], kLongWork,
                          Decode{weights_, {requests.begin(), requests.end()}});
  }

 public:
  RemotePolicy(caf::actor_system& system, std::vector<DecoderActor> decoders,
               std::shared_ptr<const DecoderWeights> weights, Trouble trouble)
      : self_(system),
        decoders_(std::move(decoders)),
        weights_(std::move(weights)),
        trouble_(std::move(trouble)) {}

  std::vector<Generation> generate(std::span<const GenerateRequest> requests) override {
    std::vector<Generation> generations(requests.size());
    const std::size_t part =
        std::max<std::size_t>(1, (requests.size() + decoders_.size() - 1) / decoders_.size());
    std::vector<decltype(ask(0, requests))> answers;
    for (std::size_t at = 0; at < requests.size(); at += part)
      answers.push_back(
          ask(answers.size(), requests.subspan(at, std::min(part, requests.size() - at))));
    for (std::size_t d = 0; d < answers.size(); ++d) {
      auto place = generations.begin() + static_cast<std::ptrdiff_t>(d * part);
      answers[d].receive(
          [&](Generated& made) {
            std::move(made.generations.begin(), made.generations.end(), place);
          },
          [&](const caf::error& error) { *trouble_ = tl::unexpected(error_of(error)); });
    }
    return generations;
  }
  std::uint64_t version() const override { return weights_->version(); }

 private:
  caf::scoped_actor self_;
  std::vector<DecoderActor> decoders_;
  std::shared_ptr<const DecoderWeights> weights_;
  Trouble trouble_;
};

}  // namespace

DecoderActor spawn_decoder(caf::actor_system& system, std::int32_t slots) {
  return system.spawn<caf::detached>(decoder, slots);
}

std::unique_ptr<Policy> remote_policy(caf::actor_system& system,
                                      const std::vector<DecoderActor>& decoders,
                                      std::shared_ptr<const DecoderWeights> weights,
                                      Trouble trouble) {
  return std::make_unique<RemotePolicy>(system, decoders, std::move(weights), std::move(trouble));
}

}  // namespace qstar
