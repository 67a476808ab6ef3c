// Reading any model: every number is finite, and sizes are checked before anything is read.
#include "model/safetensors.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/finite.hpp"
#include "tests/support/attempts.hpp"
#include "tests/support/model_kinds.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace model;
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::string with_header(std::string text, std::string_view data = "") {
  const std::uint64_t length = text.size();
  text.insert(0, reinterpret_cast<const char*>(&length), sizeof length);
  return text + std::string(data);
}

std::string header_of(const std::string& tensors) {
  return R"({"__metadata__":{"format_version":"1"})" + (tensors.empty() ? "" : "," + tensors) + "}";
}

void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

Error refused(const Result<TensorFile>& read) {
  REQUIRE_FALSE(read);
  return read.error();
}

TEST_CASE("a number that is not finite is found wherever it stands", "[safetensors]") {
  for (const std::size_t size : {0U, 1U, 255U, 256U, 257U, 600U}) {
    std::vector<float> values(size, std::numeric_limits<float>::max());
    for (std::size_t i = 0; i < size; i += 3) values[i] = -values[i];
    if (size > 2) values[2] = std::numeric_limits<float>::denorm_min();
    REQUIRE_FALSE(first_not_finite(values));
    for (std::size_t at = 0; at < size; ++at) {
      for (const float wrong : {kNan, -kNan, kInfinity, -kInfinity}) {
        const float right = std::exchange(values[at], wrong);
        REQUIRE(first_not_finite(values) == at);
        values[at] = right;
      }
    }
    if (size < 3) continue;
    values[1] = values[size - 1] = kNan;
    REQUIRE(first_not_finite(values) == 1);
  }
}

TEST_CASE("one number that is not finite refuses a model of any kind", "[safetensors]") {
  Rng rng(7);
  for (const auto& [kind, bytes] : testing::models_of_all_kinds()) {
    INFO(kind);
    REQUIRE_FALSE(testing::error_of_use(bytes, "m"));
    const TensorFile good = parse_tensors(bytes, "m").value();
    REQUIRE(good.tensors.size() > 5);
    for (const auto& [name, tensor] : good.tensors) {
      for (const float wrong : {kNan, kInfinity, -kInfinity}) {
        TensorFile bad = good;
        const std::size_t at = rng.below(tensor.data.size());
        bad.tensors[name].data[at] = wrong;
        const auto error = testing::error_of_use(serialize(bad), "folder/m.safetensors");
        REQUIRE(error);
        INFO(error->message);
        CHECK(error->code == Errc::kCorrupt);
        CHECK(exit_code(error->code) == 3);
        CHECK(error->message.starts_with("folder/m.safetensors: "));
        const std::size_t columns = static_cast<std::size_t>(tensor.shape.back());
        const std::string index = tensor.shape.size() == 1
                                      ? fmt::format("[{}]", at)
                                      : fmt::format("[{}, {}]", at / columns, at % columns);
        CHECK(error->message.find(fmt::format("tensor '{}' holds {} at {}", name, wrong, index)) !=
              std::string::npos);
      }
    }
  }
}

TEST_CASE("models of text whose weights overflow are refused", "[safetensors]") {
  for (const auto& [kind, bytes] : testing::models_of_all_kinds()) {
    if (kind.starts_with("puzzle")) continue;  // searches look at those while they run
    INFO(kind);
    TensorFile file = parse_tensors(bytes, "m").value();
    const bool policy = kind == "policy";
    for (float& x : file.tensors[policy ? "head.weight" : "scorer.head.weight"].data)
      x = x > 0 ? 3e38F : -3e38F;
    if (!policy) file.tensors["scorer.norm.bias"].data[0] = 2;
    const auto error = testing::error_of_use(serialize(file), "m");
    REQUIRE(error);
    CHECK(error->code == Errc::kCorrupt);
    CHECK(error->message.find("too large to compute with") != std::string::npos);
  }
}

TEST_CASE("a file is read as its bytes are", "[safetensors]") {
  const TemporaryFolder folder;
  const std::string path = folder.path("m");
  for (const auto& [kind, bytes] : testing::models_of_all_kinds()) {
    write_file(path, bytes);
    CHECK(read_tensors(path).value() == parse_tensors(bytes, path).value());
    for (const std::size_t size : {0UL, 7UL, 8UL, 100UL, bytes.size() - 1}) {
      write_file(path, bytes.substr(0, size));
      CHECK(refused(read_tensors(path)).message ==
            refused(parse_tensors(bytes.substr(0, size), path)).message);
    }
  }
}

TEST_CASE("what is not a regular file is refused and not waited for", "[safetensors]") {
  const TemporaryFolder folder;
  const auto error = [&](const std::string& path) { return refused(read_tensors(path)); };
  REQUIRE(mkfifo(folder.path("fifo").c_str(), 0600) == 0);
  for (const std::string& path :
       {folder.path("fifo"), folder.path("."), std::string("/dev/zero")}) {
    CHECK(error(path).code == Errc::kCorrupt);
    CHECK(error(path).message.find("not a regular file") != std::string::npos);
  }
  std::filesystem::create_symlink("loop", folder.path("loop"));
  CHECK(error(folder.path("loop")).code == Errc::kMissingFile);
  CHECK(error(folder.path("fifo/m")).code == Errc::kMissingFile);
  CHECK(error(folder.path(std::string(300, 'n'))).code == Errc::kMissingFile);
  CHECK(error("a\x1b[2J\n").message == "a\\x1b[2J\\n: no such model file");
}

TEST_CASE("a file that is larger than its header says costs no memory", "[safetensors]") {
  const TemporaryFolder folder;
  const std::string path = folder.path("huge");
  constexpr std::uint64_t kHuge = 100ULL << 30;
  const auto sparse = [&](std::string_view beginning) {
    write_file(path, beginning);
    REQUIRE(truncate(path.c_str(), static_cast<off_t>(kHuge)) == 0);
    rusage before{}, after{};
    getrusage(RUSAGE_SELF, &before);
    const Error error = refused(read_tensors(path));
    getrusage(RUSAGE_SELF, &after);
    CHECK(after.ru_maxrss - before.ru_maxrss < 64 << 10);  // KiB
    CHECK(error.code == Errc::kCorrupt);
    return error.message;
  };
  CHECK(sparse("").find("not a JSON object") != std::string::npos);
  CHECK(sparse(serialize(testing::random_model(1))).find("bytes after its end") !=
        std::string::npos);
  const std::uint64_t long_header = 20 << 20;
  CHECK(sparse({reinterpret_cast<const char*>(&long_header), 8}).find("the header is truncated") !=
        std::string::npos);
  // One that says as much as there is: 100 GiB of weights are no model.
  constexpr std::uint64_t kHeader = 4096, kRow = 4096;
  std::string text =
      header_of(fmt::format(R"("w":{{"dtype":"F32","shape":[{},{}],"data_offsets":[0,{}]}})",
                            (kHuge - kHeader) / kRow, kRow / 4, kHuge - kHeader));
  text.resize(kHeader - 8, ' ');
  CHECK(sparse(with_header(text)).find("a model has at most 8589934592") != std::string::npos);
}

TEST_CASE("tensors of other types are named with theirs", "[safetensors]") {
  for (const std::string type : {"F16", "BF16", "F64", "I64", "\\u001b[2J"}) {
    const auto file = with_header(
        header_of(R"("w":{"dtype":")" + type + R"(","shape":[1],"data_offsets":[0,2]})"), "ab");
    const Error error = refused(parse_tensors(file, "m"));
    CHECK(error.code == Errc::kCorrupt);
    CHECK(error.message.find("tensor 'w': dtype is " + (type[0] == '\\' ? "\\x1b[2J" : type)) !=
          std::string::npos);
  }
}

TEST_CASE("names in a header are safe to show and cut", "[safetensors]") {
  const std::string name = "\\u001b[31m\\n" + std::string(100'000, 'x');
  const Error error = refused(parse_tensors(with_header(header_of('"' + name + "\":1")), "m\n"));
  CHECK(error.message.starts_with("m\\n: not a qstar model: tensor '\\x1b[31m\\n"));
  CHECK(error.message.size() < 600);
  CHECK(error.message.find('\n') == std::string::npos);
}

}  // namespace
}  // namespace qstar
