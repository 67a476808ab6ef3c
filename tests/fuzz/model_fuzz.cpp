// Any bytes as a model file of any kind: refused with one line that names the source, or a model
// that can be used, holds finite numbers only, and is written back to the same bytes. Read from a
// file it is the same, to the last word of the error.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>

#include "learning/cost_to_go/puzzle_learner.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/model_kinds.hpp"

namespace {

using qstar::Result;
using qstar::model::TensorFile;

void check_error(const qstar::Error& error) {
  require(error.message.starts_with("fuzz: "));
  require(error.message.find('\n') == std::string::npos);
  require(error.message.size() < 1000);
}

// The reader of files on the same bytes, in a file without a name.
void check_file(std::string_view text, const Result<TensorFile>& parsed) {
  static const int fd = ::memfd_create("fuzz", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(fd);
  require(fd >= 0 && ::ftruncate(fd, 0) == 0);
  require(::pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  const auto read = qstar::model::read_tensors(path);
  require(read.has_value() == parsed.has_value());
  if (read) return require(*read == *parsed);
  require(read.error().code == parsed.error().code);
  require(read.error().message.substr(path.size()) == parsed.error().message.substr(4));
}

void check_tensors(std::string_view text) {
  const auto parsed = qstar::model::parse_tensors(text, "fuzz");
  check_file(text, parsed);
  if (!parsed) return check_error(parsed.error());
  for (const auto& [name, tensor] : parsed->tensors)
    for (const float x : tensor.data) require(std::isfinite(x));
}

// Each kind's own reader.
template <class Model, class Parse>
void check_kind(const Result<Model>& model, Parse parse) {
  if (!model) return check_error(model.error());
  const auto bytes = serialize(*model);
  const auto again = parse(bytes);
  require(again.has_value() && serialize(*again) == bytes);
}

void check_learner(std::string_view text) {
  static auto learner = [] {
    qstar::learning::PuzzleLearnerConfig config;
    config.network = {.values = "q", .first = 32, .second = 32, .blocks = 0};
    config.check_positions = 2;
    return qstar::learning::PuzzleLearner::make(std::make_shared<qstar::environment::LightsOut>(3),
                                                config, 1)
        .value();
  }();
  if (const auto loaded = learner.load(text, "fuzz"); !loaded) check_error(loaded.error());
}

std::string learner_bytes() {
  qstar::learning::PuzzleLearnerConfig config;
  config.network = {.values = "q", .first = 32, .second = 32, .blocks = 0};
  config.check_positions = 2;
  return qstar::learning::PuzzleLearner::make(std::make_shared<qstar::environment::LightsOut>(3),
                                              config, 1)
      .value()
      .save();
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  std::vector<std::string> seeds = {learner_bytes()};
  for (auto& [kind, bytes] : qstar::testing::models_of_all_kinds())
    seeds.push_back(std::move(bytes));
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = text_of(data, size);
  check_tensors(text);
  check_kind(qstar::model::parse_model(text, "fuzz"),
             [](std::string_view t) { return qstar::model::parse_model(t, "written"); });
  check_kind(qstar::inference::parse_puzzle_model(text, "fuzz"),
             [](std::string_view t) { return qstar::inference::parse_puzzle_model(t, "written"); });
  (void)qstar::testing::error_of_use(text, "fuzz");
  check_learner(text);
  return 0;
}
