// The weights that a coordinator gives away, and how a receiver puts their pieces together. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "actors/messages.hpp"

namespace qstar {

class WeightsShelf {
 public:
  // Newest weights; the last three versions stay available for fetches in progress.
  void publish(std::uint64_t version, std::string model);
  // 0: nothing was published yet.
  std::uint64_t newest() const { return weights_.empty() ? 0 : weights_.rbegin()->first; }
  const std::string& newest_model() const { return weights_.rbegin()->second; }  // newest() > 0
  // A piece of at most 1 MiB. kTimeout: that version is gone (ask again for the newest) or not
  // there yet.
  Result<WeightsChunk> chunk(const WeightsRequest& request) const;

 private:
  std::map<std::uint64_t, std::string> weights_;
};

// One fetch after the other: send begin(), then what add() says, until it says nothing more.
class WeightsPieces {
 public:
  WeightsRequest begin(std::uint64_t at_least);
  // The request for the next piece, or nothing: version() and bytes() are whole.
  std::optional<WeightsRequest> add(const WeightsChunk& chunk);
  std::uint64_t version() const { return version_; }
  const std::string& bytes() const { return bytes_; }

 private:
  std::uint64_t version_ = 0;
  std::string bytes_;
};

}  // namespace qstar
