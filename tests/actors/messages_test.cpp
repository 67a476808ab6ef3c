#include "actors/actors.hpp"

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

using namespace qstar;

namespace {

AttemptGroup group_with(float logprob) {
  AttemptGroup group{7, {}};
  Trajectory attempt;
  attempt.id = {7, 0};
  attempt.problem = "1+2";
  attempt.steps.push_back(
      {"3", {3, 0}, {logprob, -0.0F}, 4, Verdict::kRight, 0.5F, std::nullopt, 9});
  attempt.outcome = Outcome::kWon;
  group.attempts.push_back(attempt);
  return group;
}

template <class Message>
Message over_the_wire(Message sent) {
  std::vector<char> buffer;
  caf::binary_serializer sink{nullptr, buffer};
  REQUIRE_FALSE(sink(sent));
  Message received;
  caf::binary_deserializer source{nullptr, buffer};
  REQUIRE_FALSE(source(received));
  return received;
}

}  // namespace

TEST_CASE("groups cross the wire bit for bit, infinities and subnormals included", "[messages]") {
  for (const float value :
       {-1.5F, -std::numeric_limits<float>::infinity(), std::numeric_limits<float>::denorm_min()}) {
    const Insert sent{{group_with(value), group_with(-2)}};
    REQUIRE(over_the_wire(sent).groups == sent.groups);
  }
  const auto nan = over_the_wire(Insert{{group_with(std::nanf(""))}});
  REQUIRE(std::isnan(nan.groups[0].attempts[0].steps[0].logprobs[0]));
}

TEST_CASE("a lease crosses the wire with the exact temperature", "[messages]") {
  Lease lease;
  lease.task = 3;
  lease.temperature_bits = std::bit_cast<std::uint32_t>(0.7F);
  lease.problems = {"1+2", "3*4"};
  const auto back = over_the_wire(lease);
  REQUIRE(std::bit_cast<float>(back.temperature_bits) == 0.7F);
  REQUIRE(back.problems == lease.problems);
}

TEST_CASE("damaged records are refused at every length", "[messages]") {
  const std::string whole = pack({group_with(-1)});
  for (std::size_t n = 1; n < whole.size(); ++n)
    REQUIRE_FALSE(unpack(whole.substr(0, n)).has_value());
  REQUIRE(unpack("").value().empty());
  REQUIRE_FALSE(unpack("\xff\xff\xff\xff\xff\xff\xff\xff").has_value());
}

TEST_CASE("an error keeps its code and line on its way through actors", "[messages]") {
  const Error full{Errc::kDiskFull, "store: no space left"};
  const Error back = error_of(to_caf(full));
  REQUIRE(back.code == Errc::kDiskFull);
  REQUIRE(back.message == "store: no space left");
  const Error foreign = error_of(caf::make_error(caf::sec::request_timeout));
  REQUIRE(foreign.code == Errc::kActorFailed);
  REQUIRE(foreign.message.find("timeout") != std::string::npos);
}
