// Where configurations come from: files, pipes, what is neither, and what says nothing.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <thread>

#include "core/config.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

namespace {

struct Config {
  std::int64_t seed = 1;
  void describe(FieldVisitor& v) { v.value({"seed", "of the whole run"}, seed); }
};

// A file that goes with the test.
struct Input {
  std::string path = QSTAR_BINARY_DIR "/config_input_test.toml";
  explicit Input(const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }
  ~Input() { std::remove(path.c_str()); }
};

Error error_of(const std::string& path) {
  Config config;
  const Status loaded = load_config(path, {}, describe_of(config));
  REQUIRE_FALSE(loaded);
  return loaded.error();
}

}  // namespace

TEST_CASE("a file on disk is read and named in errors") {
  {
    const Input input("seed = 5\n");
    Config config;
    REQUIRE(load_config(input.path, {}, describe_of(config)));
    REQUIRE(config.seed == 5);
    const auto text = read_config(input.path);
    REQUIRE(text->toml == "seed = 5\n");
    REQUIRE(text->source == input.path);
  }
  const Input input("sed = 5\n");
  REQUIRE(error_of(input.path).message.starts_with(input.path + ":1: sed"));
}

TEST_CASE("a pipe is read to its end, once") {
  const std::string path = QSTAR_BINARY_DIR "/config_input_test.fifo";
  std::remove(path.c_str());
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  std::thread writer([&] {
    std::ofstream pipe(path);
    pipe << "[environment]\n" << std::flush;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    pipe << "name = \"cube3\"\n";
  });
  const auto text = read_config(path);
  writer.join();
  std::remove(path.c_str());
  REQUIRE(text->toml == "[environment]\nname = \"cube3\"\n");
  REQUIRE(peek_config(text->toml, {}, "environment.name") == "cube3");
}

TEST_CASE("a file that is not there, or a directory, is an error that names it") {
  const Error missing = error_of("no/such.toml");
  REQUIRE(missing.code == Errc::kMissingFile);
  REQUIRE(missing.message.starts_with("no/such.toml: cannot be opened"));
  const Error directory = error_of(QSTAR_SOURCE_DIR "/core");
  REQUIRE(directory.code == Errc::kMissingFile);
  REQUIRE(directory.message.find("is a directory") != std::string::npos);
}

TEST_CASE("a configuration that says nothing is refused, not taken for all defaults") {
  for (const std::string text : {"", "\n", "  \t\r\n \n", "# only a comment", "\n#a\n  # b\r\n",
                                 "\xef\xbb\xbf", "\xef\xbb\xbf# marked as UTF-8\n"}) {
    const Input input(text);
    const Error error = error_of(input.path);
    REQUIRE(error.code == Errc::kConfig);
    REQUIRE(error.message.starts_with(input.path + ": is empty"));
  }
  const Input input("\xef\xbb\xbf# and a setting\nseed = 2");
  Config config;
  REQUIRE(load_config(input.path, {}, describe_of(config)));
  REQUIRE(config.seed == 2);
}

TEST_CASE("what is too long for a configuration is refused, also without an end") {
  const Error endless = error_of("/dev/zero");
  REQUIRE(endless.code == Errc::kConfig);
  REQUIRE(endless.message.starts_with("/dev/zero: is longer than 1 MiB"));
  {
    const Input input("seed = 3\n" + std::string((1 << 20) - 9, '\n'));
    REQUIRE(read_config(input.path).has_value());
  }
  const Input input("seed = 3\n" + std::string((1 << 20) - 8, '\n'));
  REQUIRE(error_of(input.path).message.find("1 MiB") != std::string::npos);
}

TEST_CASE("one key can be looked at before it is known what the text describes") {
  const std::string text = "seed = 3\n[environment]\nname = \"cube3\"\nsize = 4\n";
  const auto peek = [&](const std::string& key, const std::vector<std::string>& overrides) {
    return peek_config(text, overrides, key);
  };
  REQUIRE(peek("environment.name", {}) == "cube3");
  REQUIRE(peek("environment.name", {"environment.size=5"}) == "cube3");
  REQUIRE(peek("environment.name", {"environment.name=a", "environment.name=\"b\""}) == "b");
  REQUIRE(peek("environment.name", {"environment.name='c'"}) == "c");
  REQUIRE(peek("environment.name", {"environment={name=\"d\"}"}) == "d");
  REQUIRE(peek("environment.size", {}).empty());  // not text
  REQUIRE(peek("environment.other", {}).empty());
  REQUIRE(peek_config("not toml [", {}, "environment.name").empty());
  REQUIRE(peek_config("", {}, "environment.name").empty());
}
