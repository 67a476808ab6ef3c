#include "actors/actors.hpp"
#include "actors/dispatch.hpp"
#include "actors/system.hpp"
#include "learning/decoder.hpp"
#include "tests/support/models.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

namespace {

using Versions = std::shared_ptr<std::map<std::uint64_t, std::string>>;
// Called before every piece; an error is the answer.
using Mishap = std::function<caf::error(const WeightsRequest&)>;

// A coordinator that only hands out weights, in small pieces.
CoordinatorActor::behavior_type weights_only(CoordinatorActor::pointer, const Versions& versions,
                                             const Mishap& mishap) {
  return {
      [](const Join&) -> caf::result<Welcome> { return caf::sec::unexpected_message; },
      [](const WorkRequest&) -> caf::result<Lease> { return caf::sec::unexpected_message; },
      [](const TaskDone&) {},
      [versions, mishap](const WeightsRequest& r) -> caf::result<WeightsChunk> {
        if (auto error = mishap(r)) return error;
        const auto it = r.version == 0 ? std::prev(versions->end()) : versions->find(r.version);
        return WeightsChunk{it->first, it->second.size(), r.offset,
                            it->second.substr(r.offset, 1000)};
      },
      [](Score&) -> caf::result<Groups> { return caf::sec::unexpected_message; },
      [](Insert&) -> caf::result<Inserted> { return caf::sec::unexpected_message; },
      [](const ReplayStatus&) {},
      [](caf::tick_atom) {},
  };
}

caf::error no_mishap(const WeightsRequest&) { return {}; }

Generated generate(caf::scoped_actor& self, const InferenceActor& inference, Generate message) {
  Generated out;
  self->request(inference, std::chrono::seconds(30), std::move(message))
      .receive([&](Generated& g) { out = std::move(g); },
               [](const caf::error& e) { FAIL(caf::to_string(e)); });
  return out;
}

}  // namespace

TEST_CASE("inference fetches the version that a request wants and decodes as the pure policy does",
          "[inference]") {
  SystemConfig config;
  caf::actor_system system(config);
  caf::scoped_actor self{system};
  const ModelFile old_model = testing::random_model(1), new_model = testing::random_model(2);
  auto versions = std::make_shared<std::map<std::uint64_t, std::string>>();
  (*versions)[1] = serialize(old_model);
  auto coordinator = system.spawn(weights_only, versions, Mishap(no_mishap));
  auto inference = spawn_inference(system, coordinator, 4);
  std::vector<GenerateRequest> requests;
  for (std::uint64_t i = 0; i < 9; ++i) requests.push_back({";1+2=", i, 1.0F, 20, false});

  const Generated first = generate(self, inference, {1, requests});
  REQUIRE(first.version == 1);
  DecoderPolicy pure(DecoderWeights::make(old_model, 1).value(), 3);
  REQUIRE(first.generations == pure.generate(requests));

  (*versions)[2] = serialize(new_model);
  REQUIRE(generate(self, inference, {1, requests}).version == 1);
  const Generated second = generate(self, inference, {2, requests});
  REQUIRE(second.version == 2);
  DecoderPolicy newer(DecoderWeights::make(new_model, 2).value(), 9);
  REQUIRE(second.generations == newer.generate(requests));
  self->send_exit(inference, caf::exit_reason::kill);
  self->send_exit(coordinator, caf::exit_reason::kill);
}

TEST_CASE("a prompt outside the alphabet is answered with an error, and the actor lives on",
          "[inference]") {
  SystemConfig config;
  caf::actor_system system(config);
  caf::scoped_actor self{system};
  auto versions = std::make_shared<std::map<std::uint64_t, std::string>>();
  (*versions)[1] = serialize(testing::random_model(1));
  auto coordinator = system.spawn(weights_only, versions, Mishap(no_mishap));
  auto inference = spawn_inference(system, coordinator, 4);
  bool refused = false;
  self->request(inference, std::chrono::seconds(30), Generate{1, {{";a=", 1, 1.0F, 20, false}}})
      .receive([](const Generated&) {}, [&](const caf::error&) { refused = true; });
  REQUIRE(refused);
  REQUIRE(generate(self, inference, {1, {{";1=", 1, 1.0F, 20, false}}}).generations.size() == 1);
  self->send_exit(inference, caf::exit_reason::kill);
  self->send_exit(coordinator, caf::exit_reason::kill);
}

TEST_CASE("weights that are gone before they are all here are followed by the newest",
          "[inference]") {
  SystemConfig config;
  caf::actor_system system(config);
  caf::scoped_actor self{system};
  const ModelFile newest = testing::random_model(2);
  auto versions = std::make_shared<std::map<std::uint64_t, std::string>>();
  (*versions)[1] = serialize(testing::random_model(1));
  int asked = 0;
  const Mishap mishap = [&asked, &newest, versions](const WeightsRequest& r) -> caf::error {
    switch (++asked) {
      case 1: return caf::sec::request_timeout;  // a link that has gone to sleep
      case 4:                                    // pieces 1 and 2 have arrived
        versions->erase(1);
        (*versions)[2] = serialize(newest);
        return to_caf({Errc::kTimeout, "weights of version 1 are not to be had"});
      default: return r.version == 1 && asked > 4 ? to_caf({Errc::kUsage, "gone"}) : caf::error{};
    }
  };
  auto coordinator = system.spawn(weights_only, versions, mishap);
  auto inference = spawn_inference(system, coordinator, 4);
  const std::vector<GenerateRequest> requests = {{";1+2=", 1, 1.0F, 20, false}};
  const Generated made = generate(self, inference, {1, requests});
  CHECK(made.version == 2);
  DecoderPolicy pure(DecoderWeights::make(newest, 2).value(), 1);
  CHECK(made.generations == pure.generate(requests));
  CHECK(asked > 5);
  self->send_exit(inference, caf::exit_reason::kill);
  self->send_exit(coordinator, caf::exit_reason::kill);
}
