#include "model/model_file.hpp"

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/rng.hpp"
#include "tests/learning/reference_decoder.hpp"

#include <catch2/catch.hpp>

namespace qstar {
using namespace model;
namespace {

ModelFile small_model() {
  ModelFile model = test::random_model({1, 4, 1, 8, 10.5}, 2);
  model.metadata["family"] = "C";
  model.metadata["environment"] = "a = \"\\\"\n\"";
  return model;
}

std::string assemble(const nlohmann::json& header, std::string_view data) {
  const std::string text = header.dump();
  const std::uint64_t length = text.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + text + std::string(data);
}

struct Split {
  nlohmann::json header;
  std::string data;
};
Split split(const std::string& bytes) {
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  return {nlohmann::json::parse(bytes.substr(8, length)), bytes.substr(8 + length)};
}

void require_error(const std::string& bytes, Errc code) {
  const auto parsed = parse_model(bytes, "x.safetensors");
  REQUIRE_FALSE(parsed);
  INFO(parsed.error().message);
  REQUIRE(parsed.error().code == code);
  REQUIRE(parsed.error().message.starts_with("x.safetensors: "));
}

TEST_CASE("a model survives the round trip, byte for byte", "[model]") {
  const ModelFile model = small_model();
  const std::string bytes = serialize(model);
  REQUIRE(parse_model(bytes, "m").value() == model);
  REQUIRE(serialize(parse_model(bytes, "m").value()) == bytes);
}

TEST_CASE("an independent reader understands the file", "[model]") {
  const ModelFile model = small_model();
  const auto [header, data] = split(serialize(model));
  REQUIRE((serialize(model).size() - data.size()) % 8 == 0);
  REQUIRE(header["__metadata__"]["format_version"] == "1");
  REQUIRE(header["__metadata__"]["characters"] == ";=0123456789+-*/()");
  REQUIRE(header["__metadata__"]["qstar"].get<std::string>().find("rope_base = 10.5") !=
          std::string::npos);
  REQUIRE(header.size() == model.tensors.size() + 1);
  std::size_t place = 0;
  for (const auto& [name, tensor] : model.tensors) {
    REQUIRE(header[name]["dtype"] == "F32");
    REQUIRE(header[name]["shape"] == tensor.shape);
    REQUIRE(header[name]["data_offsets"][0] == place);
    REQUIRE(std::memcmp(data.data() + place, tensor.data.data(), tensor.data.size() * 4) == 0);
    place += tensor.data.size() * 4;
    REQUIRE(header[name]["data_offsets"][1] == place);
  }
  REQUIRE(place == data.size());
}

TEST_CASE("every truncation is an error", "[model]") {
  const std::string bytes = serialize(small_model());
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    const auto parsed = parse_model(std::string_view(bytes).substr(0, n), "m");
    REQUIRE_FALSE(parsed);
    REQUIRE(parsed.error().code == Errc::kCorrupt);
  }
  require_error(bytes + '\0', Errc::kCorrupt);
}

TEST_CASE("flipped bytes never crash the reader", "[model]") {
  const std::string bytes = serialize(small_model());
  const std::size_t header_end = bytes.size() - split(bytes).data.size();
  Rng rng(11);
  std::size_t refused = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string damaged = bytes;
    for (std::uint64_t k = 1 + rng.below(4); k > 0; --k)
      damaged[rng.below(header_end)] = static_cast<char>(rng.below(256));
    const auto parsed = parse_model(damaged, "m");
    if (parsed) continue;  // the damage hit a comment or a value that can be anything
    ++refused;
    REQUIRE((parsed.error().code == Errc::kCorrupt || parsed.error().code == Errc::kSchema));
  }
  REQUIRE(refused > 2500);
}

TEST_CASE("files that lie about themselves are refused", "[model]") {
  auto [header, data] = split(serialize(small_model()));
  const auto with = [&, h = header](const char* pointer, const nlohmann::json& value) {
    auto changed = h;
    changed[nlohmann::json::json_pointer(pointer)] = value;
    return assemble(changed, data);
  };
  require_error(with("/norm.bias/dtype", "F16"), Errc::kCorrupt);
  require_error(with("/norm.bias/shape", {5}), Errc::kCorrupt);
  require_error(with("/norm.bias/shape", {-4}), Errc::kCorrupt);
  require_error(with("/norm.bias/shape", {1 << 30, 1 << 30, 1 << 30}), Errc::kCorrupt);
  require_error(with("/norm.bias/data_offsets", {0, 16}), Errc::kCorrupt);
  require_error(with("/norm.bias/data_offsets", {16, 0}), Errc::kCorrupt);
  require_error(with("/norm.bias/data_offsets", {0, 1ULL << 62}), Errc::kCorrupt);
  require_error(with("/norm.bias", 3), Errc::kCorrupt);
  require_error(with("/__metadata__/format_version", "2"), Errc::kSchema);
  require_error(with("/__metadata__/format_version", "x"), Errc::kCorrupt);
  require_error(with("/__metadata__/characters", "0123"), Errc::kCorrupt);
  require_error(with("/__metadata__/qstar", "layers = 99999999"), Errc::kCorrupt);
  require_error(with("/__metadata__/qstar", "width = 6\nheads = 2\nlayers = 1"), Errc::kCorrupt);
  require_error(with("/__metadata__/qstar", "layers = 2\nwidth = 4\nheads = 1"), Errc::kCorrupt);
  require_error(with("/__metadata__/family", 7), Errc::kCorrupt);
  require_error(std::string("\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10), Errc::kCorrupt);
  require_error(assemble(nlohmann::json::array(), ""), Errc::kCorrupt);
  std::string deep(100000, '[');
  const std::uint64_t length = deep.size();
  deep.insert(0, reinterpret_cast<const char*>(&length), 8);
  require_error(deep, Errc::kCorrupt);
}

TEST_CASE("writing replaces the file in one go", "[model]") {
  const auto dir =
      std::filesystem::temp_directory_path() / ("qstar_model_" + std::to_string(::getpid()));
  std::filesystem::create_directories(dir);
  const std::string path = dir / "m.safetensors";
  ModelFile model = small_model();
  REQUIRE(write_model(model, path));
  model.metadata["family"] = "B";
  REQUIRE(write_model(model, path));
  REQUIRE(read_model(path).value() == model);
  REQUIRE(std::distance(std::filesystem::directory_iterator(dir), {}) == 1);
  REQUIRE(read_model(dir / "none").error().code == Errc::kMissingFile);
  REQUIRE(read_model(dir).error().code == Errc::kCorrupt);
  REQUIRE(write_model(model, dir / "no" / "m").error().code == Errc::kIo);
  std::filesystem::remove_all(dir);
}

TEST_CASE("architectures that cannot be are refused with a remedy", "[model]") {
  REQUIRE(check(ModelSpec{}));
  ModelSpec odd;
  odd.width = 60;
  odd.heads = 7;
  REQUIRE(check(odd).error().code == Errc::kConfig);
  odd.heads = 0;
  REQUIRE(check(odd).error().code == Errc::kConfig);
  ModelSpec scoped;
  scoped.scopes = "pPc";
  REQUIRE(check(scoped).error().code == Errc::kConfig);  // one too few
  scoped.scopes = "pPcx";
  REQUIRE(check(scoped).error().message.find("pPcx") != std::string::npos);
  scoped.scopes = "pPcC";
  REQUIRE(check(scoped, ";=0123456789+-"));
  REQUIRE(check(scoped, ";=9876543210+-").error().code == Errc::kConfig);
}

}  // namespace
}  // namespace qstar
