#include "actors/engine/cached_models.hpp"

#include "core/log.hpp"
#include "core/sha256.hpp"

namespace qstar::actors {

experiment::FetchModel cached(experiment::FetchModel fetch,
                              std::shared_ptr<persistence::Shelf> cache) {
  return [fetch = std::move(fetch), cache = std::move(cache)](const experiment::ModelHash& hash) {
    const auto digest = parse_sha256(hash);
    if (digest && cache->contains(*digest)) {
      if (auto bytes = cache->get(*digest)) return bytes;
    }
    auto bytes = fetch(hash);
    if (!bytes || !digest || sha256(*bytes) != *digest) return bytes;
    if (const auto put = cache->put(*bytes); !put)
      log(LogLevel::kWarning, "worker", "cannot cache a model: " + put.error().message,
          {{"model", hash}});
    return bytes;
  };
}

}  // namespace qstar::actors
