// The weights that a coordinator serves in pieces, and their assembly by a receiver. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "actors/messages.hpp"

namespace qstar {

class WeightsShelf {
 public:
  // Adds the newest weights; the last three versions stay available for fetches in progress.
  void publish(std::uint64_t version, std::string model);
  // The newest version; 0 before the first publish().
  std::uint64_t newest() const { return weights_.empty() ? 0 : weights_.rbegin()->first; }
  const std::string& newest_model() const { return weights_.rbegin()->second; }  // newest() > 0
  // A piece of at most 1 MiB. kTimeout: that version is no longer available (ask for the newest) or
  // not published yet.
  Result<WeightsChunk> chunk(const WeightsRequest& request) const;

 private:
  std::map<std::uint64_t, std::string> weights_;
};

// Assembles one model at a time: send the request of begin(), then those of add() until it returns
// nullopt.
class WeightsPieces {
 public:
  WeightsRequest begin(std::uint64_t at_least);
  // The request for the next piece; nullopt when version() and bytes() are complete.
  std::optional<WeightsRequest> add(const WeightsChunk& chunk);
  std::uint64_t version() const { return version_; }
  const std::string& bytes() const { return bytes_; }

 private:
  std::uint64_t version_ = 0;
  std::string bytes_;
};

}  // namespace qstar
