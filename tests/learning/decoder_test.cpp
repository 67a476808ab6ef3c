#include "inference/decoder.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/rng.hpp"
#include "tests/learning/reference_decoder.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace model;
using namespace inference;
namespace {

const std::vector<ModelSpec> kSpecs = {{3, 64, 4, 96, 1000},      {1, 8, 2, 20, 10},
                                       {2, 36, 3, 33, 100},       {2, 96, 3, 48, 1000},
                                       {1, 40, 1, 17, 50},        {2, 64, 8, 96, 100, "ppPdccCC"},
                                       {1, 36, 3, 33, 100, "apC"}};

std::shared_ptr<const DecoderWeights> weights_of(const ModelFile& model,
                                                 std::uint64_t version = 1) {
  return DecoderWeights::make(model, version).value();
}

std::vector<GenerateRequest> mixed_requests(std::size_t n, std::int32_t max_tokens) {
  const std::vector<std::string> prompts = {";1+2=", ";(3+4)*2=7*2=", ";9=", ";", ";12/4-1="};
  std::vector<GenerateRequest> requests;
  for (std::size_t i = 0; i < n; ++i)
    requests.push_back({prompts[i % prompts.size()], 100 + i,
                        i % 7 == 0 ? 0.0F : 0.5F + 0.25F * (i % 4), max_tokens, i % 3 == 0});
  return requests;
}

// log p of `token` under softmax(logits / temperature), the greedy one at temperature 1.
double reference_logprob(const std::vector<double>& logits, std::int32_t token, float temperature) {
  const double scale = temperature > 0 ? 1.0 / static_cast<double>(temperature) : 1.0;
  double total = 0;
  for (const double x : logits) total += std::exp(x * scale);
  return logits[static_cast<std::size_t>(token)] * scale - std::log(total);
}

TEST_CASE("every log-probability is the plain network's", "[decoder]") {
  for (const ModelSpec& spec : kSpecs) {
    const ModelFile model = test::random_model(spec, 7);
    const auto weights = weights_of(model);
    const auto requests = mixed_requests(11, 40);
    const auto generations = DecoderPolicy(weights, 4).generate(requests);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      auto tokens = weights->tokenizer().encode(requests[i].prompt).value();
      for (std::size_t t = 0; t < generations[i].tokens.size(); ++t) {
        const auto logits = test::reference_logits(model, tokens);
        const std::int32_t token = generations[i].tokens[t];
        INFO("width " << spec.width << " request " << i << " token " << t);
        REQUIRE(std::abs(reference_logprob(logits, token, requests[i].temperature) -
                         static_cast<double>(generations[i].logprobs[t])) < 2e-4);
        if (requests[i].temperature == 0)
          REQUIRE(logits[static_cast<std::size_t>(token)] >=
                  *std::max_element(logits.begin(), logits.end()) - 1e-4);
        tokens.push_back(token);
      }
    }
  }
}

TEST_CASE("a generation does not depend on the batch, bit for bit", "[decoder]") {
  const auto weights = weights_of(test::random_model({}, 3));
  auto requests = mixed_requests(150, 60);
  const auto together = DecoderPolicy(weights, 256).generate(requests);
  SECTION("alone") {
    DecoderPolicy alone(weights, 1);
    for (std::size_t i = 0; i < 20; ++i)
      REQUIRE(alone.generate(std::span(&requests[i], 1)).front() == together[i]);
  }
  SECTION("in another order, through fewer slots") {
    std::reverse(requests.begin(), requests.end());
    auto reversed = DecoderPolicy(weights, 13).generate(requests);
    std::reverse(reversed.begin(), reversed.end());
    REQUIRE(reversed == together);
  }
  SECTION("joined late") {
    DecoderPool pool(weights, 40);
    std::vector<Generation> late(requests.size());
    std::size_t next = 0;
    while (next < requests.size() || pool.pending() > 0) {
      for (int k = 0; k < 3 && next < requests.size(); ++k, ++next)
        REQUIRE(pool.add(next, requests[next]));
      pool.step();
      for (auto& done : pool.take_finished()) late[done.ticket] = std::move(done.generation);
    }
    REQUIRE(late == together);
  }
  SECTION("again, and with another seed") {
    DecoderPolicy again(weights, 256);
    REQUIRE(again.generate(requests) == together);
    for (auto& request : requests) request.seed += 1000;
    REQUIRE(again.generate(requests) != together);
  }
}

TEST_CASE("a prompt fed at once equals the same tokens generated one by one", "[decoder]") {
  const auto weights = weights_of(test::random_model({}, 5));
  DecoderPolicy policy(weights, 8);
  const GenerateRequest whole{";1+2=", 9, 0.0F, 30, false};
  const Generation all = policy.generate(std::span(&whole, 1)).front();
  REQUIRE(all.tokens.size() > 4);
  GenerateRequest rest = whole;
  rest.prompt += all.text.substr(0, 4);
  rest.max_tokens -= 4;
  const Generation tail = policy.generate(std::span(&rest, 1)).front();
  REQUIRE(tail.text == all.text.substr(4));
  REQUIRE(std::equal(tail.logprobs.begin(), tail.logprobs.end(), all.logprobs.begin() + 4));
}

// A model whose next token is `next` whatever came before: the head reads only the final norm's
// bias.
ModelFile constant_model(const std::vector<std::pair<std::size_t, float>>& logits) {
  ModelFile model = test::random_model({1, 8, 2, 20, 10}, 1);
  std::fill(model.tensors["norm.weight"].data.begin(), model.tensors["norm.weight"].data.end(),
            0.0F);
  std::fill(model.tensors["norm.bias"].data.begin(), model.tensors["norm.bias"].data.end(), 0.0F);
  model.tensors["norm.bias"].data[0] = 1;
  auto& head = model.tensors["head.weight"].data;
  std::fill(head.begin(), head.end(), 0.0F);
  for (const auto& [token, logit] : logits) head[token * 8] = logit;
  return model;
}

Generation one(const ModelFile& model, const GenerateRequest& request) {
  return DecoderPolicy(weights_of(model), 2).generate(std::span(&request, 1)).front();
}

TEST_CASE("generation stops where it must", "[decoder]") {
  SECTION("at the end of the problem") {
    const Generation g = one(constant_model({{0, 50}}), {";1=", 1, 1, 10, false});
    REQUIRE(g.text == ";");
    REQUIRE(g.finished);
    REQUIRE(g.logprobs.front() == Approx(0).margin(1e-6));
  }
  SECTION("at the first step only on request") {
    const ModelFile model = constant_model({{1, 50}});
    REQUIRE(one(model, {";1=", 1, 1, 10, true}).text == "=");
    REQUIRE(one(model, {";1=", 1, 1, 10, true}).finished);
    REQUIRE(one(model, {";1=", 1, 1, 10, false}).text == "==========");
    REQUIRE_FALSE(one(model, {";1=", 1, 1, 10, false}).finished);
  }
  SECTION("when the context is full") {
    const Generation g = one(constant_model({{5, 50}}), {";1=", 1, 1, 1000, false});
    REQUIRE(g.text == std::string(17, '3'));
    REQUIRE_FALSE(g.finished);
  }
  SECTION("at once when no token is wanted") {
    DecoderPool pool(weights_of(constant_model({})), 2);
    REQUIRE(pool.add(4, {";1=", 1, 1, 0, false}));
    REQUIRE(pool.pending() == 0);
    const auto done = pool.take_finished();
    REQUIRE(done.size() == 1);
    REQUIRE(done[0].ticket == 4);
    REQUIRE(done[0].generation == Generation{});
  }
}

TEST_CASE("greedy takes the first of equal tokens, with its probability at temperature 1",
          "[decoder]") {
  const Generation g = one(constant_model({{3, 2}, {7, 2}}), {";1=", 1, 0, 1, false});
  REQUIRE(g.tokens == std::vector<std::int32_t>{3});
  REQUIRE(g.logprobs[0] == Approx(2 - std::log(2 * std::exp(2.0) + 16)).margin(1e-5));
}

TEST_CASE("samples follow the softmax at their temperature", "[decoder]") {
  const ModelFile model = constant_model({{2, 2.0F}, {3, 1.0F}, {4, 1.5F}, {5, -1.0F}});
  std::vector<float> logits(18, 0.0F);
  logits[2] = 2;
  logits[3] = 1;
  logits[4] = 1.5;
  logits[5] = -1;
  for (const float temperature : {0.5F, 1.0F, 2.0F}) {
    std::vector<GenerateRequest> requests;
    for (std::uint64_t i = 0; i < 20000; ++i)
      requests.push_back({";", derive_seed(5, "chi", i), temperature, 1, false});
    std::vector<double> counts(18, 0);
    for (const auto& g : DecoderPolicy(weights_of(model), 64).generate(requests))
      counts[static_cast<std::size_t>(g.tokens[0])] += 1;
    double total = 0, chi = 0;
    for (const float x : logits) total += std::exp(x / temperature);
    for (std::size_t i = 0; i < 18; ++i) {
      const double expected = 20000 * std::exp(logits[i] / temperature) / total;
      chi += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    REQUIRE(chi < 40.8);  // 99.9 % of chi-square with 17 degrees of freedom
  }
}

TEST_CASE("prompts that cannot be fed are errors and change nothing", "[decoder]") {
  DecoderPool pool(weights_of(test::random_model({1, 8, 2, 20, 10}, 1)), 2);
  for (const std::string& prompt : {std::string(), std::string(";1x"), std::string(20, '1'),
                                    std::string(5000, '1'), std::string("\xff")}) {
    const auto status = pool.add(1, {prompt, 1, 1, 5, false});
    REQUIRE_FALSE(status);
    REQUIRE(status.error().code == Errc::kBadProblem);
  }
  REQUIRE(pool.pending() == 0);
  REQUIRE(pool.step() == 0);
  REQUIRE(pool.add(2, {std::string(19, '1'), 1, 1, 5, false}));
  REQUIRE(pool.step() == 1);
  REQUIRE(pool.take_finished().front().generation.tokens.size() == 1);
}

TEST_CASE("results come in order of ticket", "[decoder]") {
  DecoderPool pool(weights_of(constant_model({{0, 50}})), 3);
  for (const std::uint64_t ticket : {9, 2, 5}) REQUIRE(pool.add(ticket, {";1=", 1, 1, 5, false}));
  REQUIRE(pool.pending() == 3);
  REQUIRE(pool.step() == 3);
  std::vector<std::uint64_t> tickets;
  for (const auto& done : pool.take_finished()) tickets.push_back(done.ticket);
  REQUIRE(tickets == std::vector<std::uint64_t>{2, 5, 9});
  REQUIRE(pool.take_finished().empty());
}

TEST_CASE("weights that do not fit the architecture are refused", "[decoder]") {
  const ModelFile good = test::random_model({1, 8, 2, 20, 10}, 1);
  REQUIRE(weights_of(good, 12)->version() == 12);
  REQUIRE(weights_of(good)->flops_per_token() == 2 * (12 * 64 + 8 * 18));
  std::vector<ModelFile> bad(5, good);
  bad[0].tensors.erase("norm.bias");
  bad[1].tensors["embed.weight"].shape = {8, 18};
  bad[2].tensors["embed.weight"].data.pop_back();
  bad[3].tensors["head.weight"].data[3] = std::numeric_limits<float>::quiet_NaN();
  bad[4].characters = "0123";
  for (const ModelFile& model : bad) {
    const auto made = DecoderWeights::make(model, 1);
    REQUIRE_FALSE(made);
    REQUIRE(made.error().code == Errc::kCorrupt);
  }
}

}  // namespace
}  // namespace qstar
