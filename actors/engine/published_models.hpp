// The models that the tasks of a run name, by hash, as executors fetch them. Thread-safe.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "actors/engine/pool_messages.hpp"
#include "experiment/task.hpp"

namespace qstar::actors {

class PublishedModels {
 public:
  static constexpr std::size_t kMost = 64;  // the newest published ones are kept

  // Gives the hash of a safetensors file's bytes. Publishing a model again makes it the newest.
  experiment::ModelHash publish(std::string bytes);
  // kMissingFile: not published, or too many others were since.
  Result<std::shared_ptr<const std::string>> model(const experiment::ModelHash& hash) const;
  // At most a mebibyte of it. kUsage: beyond its end.
  Result<ModelPiece> piece(const ModelRequest& request) const;

 private:
  struct Published {
    experiment::ModelHash hash;
    std::shared_ptr<const std::string> bytes;
  };
  mutable std::mutex mutex_;
  std::deque<Published> models_;  // the newest last
};

}  // namespace qstar::actors
