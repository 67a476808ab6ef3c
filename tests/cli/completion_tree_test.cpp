#include "cli/completion_tree.hpp"

#include <catch2/catch.hpp>

using namespace qstar;

namespace {

const CompletionOption& find(const CompletionPlace& place, const std::string& name) {
  for (const auto& option : place.options)
    if (option.names.front() == name) return option;
  FAIL("no option " << name);
  std::abort();
}

}  // namespace

TEST_CASE("places follow from the tree of commands") {
  CLI::App app{"The top\n\n  an example", "qstar"};
  std::string text;
  double number = 0;
  bool flag = false;
  auto* inner = app.add_subcommand("replay", "Look");
  auto* ls = inner->add_subcommand("ls", "List");
  ls->add_option("run", text, "Where");
  ls->add_option("--order", text, "How")->check(CLI::IsMember({"new", "old"}));
  ls->add_option("--from", number, "First");
  ls->add_option("-o,--out", text, "To");
  ls->add_option_group("kind")->add_flag("--json", flag, "As JSON");

  const auto places = completion_places(app);
  REQUIRE(places.size() == 3);
  REQUIRE(places[0].path.empty());
  REQUIRE(places[0].summary == "The top");
  REQUIRE(places[0].subcommands == std::vector<std::string>{"replay"});
  REQUIRE(places[1].path == " replay");
  REQUIRE_FALSE(places[1].takes_files);
  REQUIRE(places[2].path == " replay ls");
  REQUIRE(places[2].takes_files);
  REQUIRE(places[2].options.size() == 5);  // --help once, also with the group
  REQUIRE(find(places[2], "--order").choices == std::vector<std::string>{"new", "old"});
  REQUIRE(find(places[2], "--from").value == ValueKind::kNumber);
  REQUIRE(find(places[2], "--out").value == ValueKind::kText);
  REQUIRE(find(places[2], "--out").names == std::vector<std::string>{"--out", "-o"});
  REQUIRE(find(places[2], "--json").value == ValueKind::kNone);
  REQUIRE(find(places[2], "--help").value == ValueKind::kNone);
}
