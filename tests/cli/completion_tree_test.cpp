#include "cli/completion_tree.hpp"

#include <catch2/catch.hpp>

using namespace qstar;
using namespace qstar::cli;

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
  std::vector<std::string> several;
  auto* inner = app.add_subcommand("replay", "Look");
  auto* ls = inner->add_subcommand("ls", "List");
  ls->add_option("run", text, "Where")->type_name(placeholder::kFolder);
  ls->add_option("settings", several, "What")->type_name(placeholder::kSetting);
  ls->add_option("--order", text, "How")->check(CLI::IsMember({"new", "old"}));
  ls->add_option("--from", number, "First");
  ls->add_option("-o,--out", text, "To")->type_name(placeholder::kFile);
  ls->add_option("--title", text, "Named");
  ls->add_option_group("kind")->add_flag("--json", flag, "As JSON");

  const auto places = completion_places(app);
  REQUIRE(places.size() == 3);
  REQUIRE(places[0].path.empty());
  REQUIRE(places[0].summary == "The top");
  REQUIRE(places[0].subcommands == std::vector<std::string>{"replay"});
  REQUIRE(places[1].path == " replay");
  REQUIRE(places[1].arguments.empty());
  REQUIRE(places[2].path == " replay ls");
  REQUIRE(places[2].arguments.size() == 2);
  REQUIRE(places[2].arguments[0].value == ValueKind::kFolder);
  REQUIRE_FALSE(places[2].arguments[0].several);
  REQUIRE(places[2].arguments[1].value == ValueKind::kFree);
  REQUIRE(places[2].arguments[1].several);
  REQUIRE(places[2].options.size() == 6);  // --help once, also with the group
  REQUIRE(find(places[2], "--order").choices == std::vector<std::string>{"new", "old"});
  REQUIRE(find(places[2], "--from").value == ValueKind::kFree);
  REQUIRE(find(places[2], "--out").value == ValueKind::kFile);
  REQUIRE(find(places[2], "--title").value == ValueKind::kFree);
  REQUIRE(find(places[2], "--out").names == std::vector<std::string>{"--out", "-o"});
  REQUIRE(find(places[2], "--json").value == ValueKind::kNone);
  REQUIRE(find(places[2], "--help").value == ValueKind::kNone);
}

TEST_CASE("an argument that is a command is a tree of words") {
  CLI::App app{"The top", "qstar"};
  std::vector<std::string> words;
  app.add_subcommand("replay", "Look")->add_subcommand("ls", "List");
  app.add_subcommand("help", "Explain")
      ->add_option("command", words, "Which")
      ->type_name("COMMAND");
  std::vector<std::string> paths;
  for (const auto& place : completion_places(app)) {
    paths.push_back(place.path);
    if (place.path == " help")
      REQUIRE(place.subcommands == std::vector<std::string>{"replay", "help"});
    if (place.path == " help replay") {
      REQUIRE(place.subcommands == std::vector<std::string>{"ls"});
      REQUIRE(place.options.empty());
    }
  }
  REQUIRE(paths == std::vector<std::string>{"", " replay", " replay ls", " help", " help replay",
                                            " help replay ls", " help help"});
}

TEST_CASE("placeholders are names of kinds, ranges are theirs alone") {
  CLI::App app;
  std::string text;
  double number = 0;
  bool flag = false;
  auto* ranged = app.add_option("--n", number)->check(CLI::Range(1, 2).description("1 to 2"));
  REQUIRE(placeholder_of(*ranged) == "NUMBER");
  REQUIRE(range_of(*ranged) == "1 to 2");
  auto* chosen = app.add_option("--c", text)->check(CLI::IsMember({"new", "old"}));
  REQUIRE(placeholder_of(*chosen) == "NAME");
  REQUIRE(range_of(*chosen).empty());
  REQUIRE(placeholder_of(*app.add_flag("--f", flag)).empty());
}
