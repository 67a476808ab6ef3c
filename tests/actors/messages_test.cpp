#include "actors/actors.hpp"

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <cmath>
#include <limits>

#include "persistence/store.hpp"
#include "tests/support/fields.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::persistence;
using namespace qstar::experiment;
using namespace qstar::actors;

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

TEST_CASE("results cross the wire bit for bit, infinities and subnormals included", "[messages]") {
  const auto across = [](float value) {
    TaskResult result;
    result.groups = {group_with(value), group_with(-2)};
    const auto received = over_the_wire(TaskFinished{1, {}, {}, encode(result)});
    return decode_result(received.bytes).value().groups;
  };
  for (const float value :
       {-1.5F, -std::numeric_limits<float>::infinity(), std::numeric_limits<float>::denorm_min()})
    REQUIRE(across(value) == std::vector<AttemptGroup>{group_with(value), group_with(-2)});
  REQUIRE(std::isnan(across(std::nanf(""))[0].attempts[0].steps[0].logprobs[0]));
}

namespace {

// The fields of a message as its `inspect` lists them.
struct Listed {
  static constexpr bool reads_state = true, writes_state = true;
  template <class... Fields>
  auto operator()(caf::meta::type_name_t, Fields&... fields) {
    return std::tie(fields...);
  }
};

template <class Message>
auto fields_of(Message& message) {
  Listed listed;
  return inspect(listed, message);
}

}  // namespace

TEMPLATE_TEST_CASE("every field of a message crosses the wire", "[messages]", Join, Welcome,
                   TaskRequest, TaskLease, TaskFinished, ModelRequest, ModelPiece) {
  TestType sent, untouched;
  static_assert(testing::field_count<TestType>() ==
                    std::tuple_size_v<decltype(fields_of(std::declval<TestType&>()))>,
                "inspect leaves a field out");
  testing::Distinct().fill(fields_of(sent));
  REQUIRE(testing::all_differ(fields_of(sent), fields_of(untouched)));
  auto received = over_the_wire(sent);
  CHECK((fields_of(received) == fields_of(sent)));
}

static_assert(caf::id_block::qstar::end - caf::id_block::qstar::begin == 7,
              "a new message that crosses machines belongs into the list above");

TEST_CASE("damaged records are refused at every length", "[messages]") {
  const std::string whole = pack(std::vector{group_with(-1)});
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
