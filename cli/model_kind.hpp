// Which kind of model a path leads to. Text and puzzles have commands of their own, and a command
// that is given the other kind names the right one.
#pragma once

#include <string>

#include "core/result.hpp"

namespace qstar::cli {

enum class ModelKind { kUnknown, kText, kPuzzle };

// `path`: a model's file, by its metadata; or the folder of a run, by its config.toml or, without
// one, by its models. kUnknown for anything else.
ModelKind model_kind(const std::string& path);

// `error`, met in reading the model at this path; or kConfig, naming the command to use, when the
// path leads to a model of another kind than the wanted one.
Error explained(const std::string& path, ModelKind wanted, Error error);

}  // namespace qstar::cli
