// Creates a store whose texts are those of somebody who means harm: foreign_store STORE
//
// Groups 10 to 29, of which the oldest three have been evicted. Of the models that they name, the
// table holds 1, the policy of first steps, and 2, with hostile texts.
#include "persistence/store.hpp"
#include "tests/support/attempts.hpp"

namespace {

const std::string kHostile = "1+1\x1b[2J\x1b]0;owned\x07\nfake line\r\xc2\x9b\xff\xe2\x80\xae";

void poison(qstar::Trajectory& attempt) {
  attempt.environment = attempt.problem = attempt.answer = kHostile;
  attempt.provenance = {kHostile, kHostile, kHostile};
  for (auto& step : attempt.steps) step.text = kHostile;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto store = qstar::persistence::Store::open(argv[1], qstar::persistence::Store::Mode::kWrite);
  auto groups = qstar::sample_groups(10, 20);
  for (auto& group : groups)
    for (auto& attempt : group.attempts) poison(attempt);
  const bool named = store &&
                     store->model_number(qstar::sha256("policy"), "policy", "rl.grpo", 7) &&
                     store->model_number(qstar::sha256("hostile"), kHostile, kHostile, 0);
  const std::vector<std::uint64_t> oldest = {10, 11, 12};
  return named && store->insert(qstar::persistence::pack(groups)) && store->erase(oldest) ? 0 : 1;
}
