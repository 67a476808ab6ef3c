// Writes to a store without pause until it is killed: store_writer STORE PROGRESS KEPT
//
// Groups have consecutive numbers; the oldest are evicted beyond KEPT. The write buffer is small,
// so that tables are written and compacted all the time, and now and then the store is closed and
// opened again. PROGRESS is shared with the readers (store_progress.hpp).
#include <cstdlib>

#include "persistence/store.hpp"
#include "tests/persistence/store_progress.hpp"

namespace {

using qstar::kGroupsPerModel;
using qstar::persistence::Store;
constexpr std::uint64_t kBatch = 4;
constexpr std::uint64_t kPerOpening = 8000;

// Large enough for a table every few dozen groups.
std::vector<qstar::AttemptGroup> next_groups(std::uint64_t first) {
  std::vector<qstar::AttemptGroup> groups;
  for (std::uint64_t id = first; id < first + kBatch; ++id)
    groups.push_back(qstar::group_in_progress(id));
  return groups;
}

// False when the store refuses something.
bool write_some(const std::string& path, qstar::StoreProgress& progress, std::uint64_t kept) {
  auto store = Store::open(path, Store::Mode::kWrite, {.write_buffer_bytes = 64 << 10});
  if (!store) return false;
  for (std::uint64_t n = 0; n < kPerOpening; n += kBatch) {
    const std::uint64_t next = progress.inserted;
    const auto model = store->model_number(qstar::sha256(std::to_string(next / kGroupsPerModel)),
                                           "policy", "test", next / kGroupsPerModel);
    if (!model || *model != next / kGroupsPerModel + 1) return false;
    if (!store->insert(qstar::persistence::pack(next_groups(next)))) return false;
    progress.inserted = next + kBatch;
    const std::uint64_t first = progress.evicted;
    if (next + kBatch - first <= kept + 50) continue;
    std::vector<std::uint64_t> oldest;
    while (next + kBatch - first - oldest.size() > kept) oldest.push_back(first + oldest.size());
    progress.evicting = first + oldest.size();
    if (!store->erase(oldest)) return false;
    progress.evicted = first + oldest.size();
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  auto* progress = qstar::share_progress(argv[2]);
  if (progress == nullptr) return 2;
  const auto kept = std::strtoull(argv[3], nullptr, 10);
  while (write_some(argv[1], *progress, kept)) {
  }
  return 1;
}
