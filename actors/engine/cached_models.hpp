// A worker's models on its own disk: what was fetched once is not fetched again, also by the next
// worker on the same machine.
#pragma once

#include <memory>

#include "experiment/executor.hpp"
#include "persistence/shelf.hpp"

namespace qstar::actors {

// Gets models from the cache, and those that it lacks, or holds damaged, from `fetch`. A cache that
// cannot be written to is a warning in the log.
experiment::FetchModel cached(experiment::FetchModel fetch,
                              std::shared_ptr<persistence::Shelf> cache);

}  // namespace qstar::actors
