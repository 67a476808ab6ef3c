// Lists in a configuration: of text, of numbers, and of sections.
#include <catch2/catch.hpp>

#include "core/config.hpp"
#include "core/config_text.hpp"

using namespace qstar;

namespace {

struct Inner {
  double share = 0.5;
  void describe(FieldVisitor& v) { v.value({"share", "share of it", 0, 1}, share); }
  friend bool operator==(const Inner&, const Inner&) = default;
};

// Only a wide one has a width.
struct Method {
  std::string name;
  std::int64_t samples = 1;
  std::int64_t width = 8;
  std::vector<std::string> words = {};
  Inner inner = {};
  void describe(FieldVisitor& v) {
    v.value({.name = "name", .doc = "what it is", .choices = "narrow|wide", .required = true},
            name);
    v.value({"samples", "how many", 1, 64}, samples);
    if (name == "narrow")
      v.refuse("width", "has no effect: only wide reads it");
    else
      v.value({"width", "how wide"}, width);
    v.value({"words", "free text"}, words);
    section(v, "inner", "more of it", inner);
  }
  friend bool operator==(const Method&, const Method&) = default;
};

struct Search {
  std::vector<Method> methods = {{.name = "wide"}};
  std::vector<std::string> guides = {"prm", "orm"};
  void describe(FieldVisitor& v) {
    sections(v, {"methods", "methods to compare"}, methods);
    v.value({.name = "guides",
             .doc = "models that guide",
             .choices = "prm|orm|critic",
             .distinct = true},
            guides);
  }
  friend bool operator==(const Search&, const Search&) = default;
};

struct Config {
  std::vector<std::int64_t> counts = {2, 3, 3};
  std::vector<double> weights = {0, 0.1};
  std::vector<std::string> notes;
  Search search;
  void describe(FieldVisitor& v) {
    v.value({.name = "counts", .doc = "operators", .min = 1, .max = 64, .filled = true}, counts);
    v.value({.name = "weights", .doc = "penalties", .min = 0, .max = 100, .distinct = true},
            weights);
    section(v, "search", "searches", search);
    v.value({"notes", "free text"}, notes);
  }
  friend bool operator==(const Config&, const Config&) = default;
};

Status parse(Config& config, std::string_view toml, std::vector<std::string> overrides = {}) {
  return parse_config(toml, "a.toml", overrides, describe_of(config));
}

Config read(std::string_view toml, std::vector<std::string> overrides = {}) {
  Config config;
  const Status status = parse(config, toml, std::move(overrides));
  REQUIRE((status ? "" : status.error().message) == std::string());
  return config;
}

std::string error_of(std::string_view toml, std::vector<std::string> overrides = {}) {
  Config config;
  const Status status = parse(config, toml, std::move(overrides));
  REQUIRE_FALSE(status);
  REQUIRE(status.error().code == Errc::kConfig);
  return status.error().message;
}

std::string print(Config config) { return print_config(describe_of(config)); }
std::string hash(Config config) { return config_hash(describe_of(config)); }

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a list replaces the default list") {
  const auto config = read(
      "counts = [5]\nweights = [1, 0.5]\nnotes = ['a, b', \"\"]\n"
      "[search]\nguides = []\n");
  CHECK(config.counts == std::vector<std::int64_t>{5});
  CHECK(config.weights == std::vector<double>{1, 0.5});
  CHECK(config.notes == Words{"a, b", ""});
  CHECK(config.search.guides.empty());
  CHECK(config.search.methods == Search().methods);  // not given
}

TEST_CASE("an override gives a list in brackets, or its one element") {
  CHECK(read("", {"search.guides=[\"orm\",\"critic\"]"}).search.guides == Words{"orm", "critic"});
  CHECK(read("", {"search.guides=[orm, critic]"}).search.guides == Words{"orm", "critic"});
  CHECK(read("", {"search.guides=[orm, 'critic']"}).search.guides == Words{"orm", "critic"});
  CHECK(read("", {"search.guides=critic"}).search.guides == Words{"critic"});
  CHECK(read("", {"search.guides='critic'"}).search.guides == Words{"critic"});
  CHECK(read("", {"search.guides=[]"}).search.guides.empty());
  CHECK(read("", {"counts=[4,5]"}).counts == std::vector<std::int64_t>{4, 5});
  CHECK(read("", {"counts=7"}).counts == std::vector<std::int64_t>{7});
  CHECK(read("", {"weights=2"}).weights == std::vector<double>{2});
  CHECK(read("", {"notes=3"}).notes == Words{"3"});
  CHECK(read("", {"notes=[a b, \"c, d\"]"}).notes == Words{"a b", "c, d"});
  CHECK(read("counts = [1]", {"counts=[2]", "counts=[3]"}).counts == std::vector<std::int64_t>{3});
}

TEST_CASE("commas without brackets are refused with the list to write") {
  CHECK(error_of("", {"search.guides=orm,critic"}) ==
        "override \"search.guides=orm,critic\": search.guides must be a list, not text: write "
        "search.guides=[orm, critic] (models that guide)");
  CHECK(
      error_of("", {"counts=2,3"}) ==
      "override \"counts=2,3\": counts must be a list, not text: write counts=[2, 3] (operators)");
  CHECK(error_of("\n[search]\nguides = 'orm, critic'") ==
        "a.toml:3: search.guides must be a list, not text: write guides = [\"orm\", \"critic\"] "
        "(models that guide)");
  CHECK(error_of("counts = '2,3'") ==
        "a.toml:1: counts must be a list, not text: write counts = [2, 3] (operators)");
  CHECK(error_of("weights = 3") == "a.toml:1: weights must be a list, not an integer (penalties)");
}

TEST_CASE("what is wrong with an element is said with its number and its line") {
  CHECK(error_of("counts = [1,\n 2,\n 65]") ==
        "a.toml:3: counts[3] must be from 1 to 64, not 65 (operators)");
  CHECK(error_of("counts = [1, 2.5]") ==
        "a.toml:1: counts[2] must be an integer, not a number with a fraction (operators)");
  CHECK(error_of("weights = [0, 'x']") ==
        "a.toml:1: weights[2] must be a number, not text (penalties)");
  CHECK(error_of("weights = [inf]") ==
        "a.toml:1: weights[1] must be a finite number, not inf (penalties)");
  CHECK(error_of("notes = ['a', ['b']]") ==
        "a.toml:1: notes[2] must be text, not a list (free text)");
  CHECK(error_of("search.guides = ['prm', 'critc']") ==
        "a.toml:1: search.guides[2] must be one of prm, orm, critic, not \"critc\"; did you mean "
        "critic?");
  CHECK(error_of("", {"search.guides=[prm,critc]"}) ==
        "override \"search.guides=[prm,critc]\": search.guides[2] must be one of prm, orm, critic, "
        "not \"critc\"; did you mean critic?");
  CHECK(error_of("", {"search.guides=critc"}) ==
        "override \"search.guides=critc\": search.guides must be one of prm, orm, critic, not "
        "\"critc\"; did you mean critic?");
  CHECK(error_of("", {"counts=99999999999999999999"}).find("from 1 to 64") != std::string::npos);
}

TEST_CASE("an empty list and a repeated element are refused where they make no sense") {
  CHECK(error_of("counts = []") == "a.toml:1: counts must have at least one element (operators)");
  CHECK(error_of("weights = [0.5, 1,\n 0.5]") ==
        "a.toml:2: weights[3] repeats 0.5; remove one of them");
  CHECK(error_of("search.guides = ['orm', 'orm']") ==
        "a.toml:1: search.guides[2] repeats \"orm\"; remove one of them");
  CHECK(read("counts = [2, 2]\nnotes = ['a', 'a']").counts == std::vector<std::int64_t>{2, 2});
}

TEST_CASE("a list of sections has its elements in order, each with the defaults of an element") {
  const auto config = read(
      "[[search.methods]]\nname = 'narrow'\nsamples = 4\n"
      "[[search.methods]]\nname = 'wide'\nwords = ['x']\n"
      "[search.methods.inner]\nshare = 0.25\n");
  REQUIRE(config.search.methods.size() == 2);
  CHECK(config.search.methods[0] == Method{.name = "narrow", .samples = 4});
  CHECK(config.search.methods[1] ==
        Method{.name = "wide", .words = {"x"}, .inner = {.share = 0.25}});
  CHECK(read("search.methods = []").search.methods.empty());
  const auto given = read("", {"search.methods=[{name='narrow', samples=2}, {name='wide'}]"});
  REQUIRE(given.search.methods.size() == 2);
  CHECK(given.search.methods[0].samples == 2);
  CHECK(read("", {"search.methods={name='narrow'}"}).search.methods ==
        std::vector<Method>{{.name = "narrow"}});
}

TEST_CASE("what is wrong within an element names the element, its key and its line") {
  const std::string first = "[[search.methods]]\nname = 'wide'\n";
  CHECK(error_of(first + "[[search.methods]]\nname = 'wide'\nsamples = 0\n") ==
        "a.toml:5: search.methods[2].samples must be from 1 to 64, not 0 (how many)");
  CHECK(error_of(first + "[[search.methods]]\nname = 'wid'\n") ==
        "a.toml:4: search.methods[2].name must be one of narrow, wide, not \"wid\"; did you mean "
        "wide?");
  CHECK(error_of(first + "smaples = 2\n") ==
        "a.toml:3: search.methods[1].smaples is not a known key; did you mean "
        "search.methods[1].samples?");
  CHECK(error_of(first + "inner = {shar = 1}\n") ==
        "a.toml:3: search.methods[1].inner.shar is not a known key; did you mean "
        "search.methods[1].inner.share?");
  CHECK(error_of(first + "[[search.methods]]\nsamples = 2\n") ==
        "a.toml:3: search.methods[2].name is missing (what it is)");
  CHECK(error_of("[[search.methods]]\nname = 'narrow'\nwidth = 8\n") ==
        "a.toml:3: search.methods[1].width has no effect: only wide reads it");
  CHECK(error_of("[search]\nmethods = 'wide'\n") ==
        "a.toml:2: search.methods must be a list of sections, each below [[search.methods]], not "
        "text (methods to compare)");
  CHECK(error_of("[search.methods]\nname = 'wide'\n") ==
        "a.toml:1: search.methods must be a list of sections, each below [[search.methods]], not a "
        "section (methods to compare)");
  CHECK(error_of("search.methods = ['wide']\n") ==
        "a.toml:1: search.methods[1] is a section with keys of its own, not text");
  CHECK(error_of("", {"search.methods=[{name='wide', samples=65}]"})
            .ends_with("search.methods[1].samples must be from 1 to 64, not 65 (how many)"));
  CHECK(error_of("", {"search.methods=[{name=3}]"})
            .ends_with("search.methods[1].name must be text, not an integer (what it is)"));
}

TEST_CASE("lists are printed as TOML, and the keys of a list of sections are explained once") {
  Config config;
  config.notes = {"a\"b", ""};
  config.search.methods = {{.name = "narrow", .samples = 4}, {.name = "wide"}};
  CHECK(print(config) ==
        "counts = [2, 3, 3]  # operators (each from 1 to 64)\n"
        "weights = [0.0, 0.1]  # penalties (each from 0 to 100)\n"
        "notes = [\"a\\\"b\", \"\"]  # free text\n"
        "\n[search]  # searches\n"
        "guides = [\"prm\", \"orm\"]  # models that guide (each prm|orm|critic)\n"
        "\n[[search.methods]]  # methods to compare\n"
        "name = \"narrow\"  # what it is (narrow|wide)\n"
        "samples = 4  # how many (from 1 to 64)\n"
        "words = []  # free text\n"
        "\n[search.methods.inner]  # more of it\n"
        "share = 0.5  # share of it (from 0 to 1)\n"
        "\n[[search.methods]]\n"
        "name = \"wide\"\n"
        "samples = 1\n"
        "width = 8  # how wide\n"
        "words = []\n"
        "\n[search.methods.inner]\n"
        "share = 0.5\n");
  CHECK(read(print(config)) == config);
  config.search.methods.clear();
  config.notes.clear();
  CHECK(print(config).find("methods = []  # methods to compare\n") != std::string::npos);
  CHECK(read(print(config)) == config);
}

TEST_CASE("settings list a list of sections as one value, and the keys of its elements") {
  Config config;
  config.search.methods = {{.name = "narrow", .samples = 4, .words = {"x"}}, {.name = "wide"}};
  const auto sections = list_config(describe_of(config));
  REQUIRE(sections.size() == 4);
  CHECK(sections[1].path == "search");
  CHECK(sections[1].fields.at(0).name == "methods");
  CHECK(sections[1].fields.at(0).value ==
        "[{name = \"narrow\", samples = 4, words = [\"x\"], inner = {share = 0.5}}, "
        "{name = \"wide\", samples = 1, width = 8, words = [], inner = {share = 0.5}}]");
  CHECK(sections[2].path == "search.methods");
  CHECK(sections[2].of_list);
  CHECK(sections[2].fields.size() == 4);  // also the width, which not every element has
  CHECK(sections[3].path == "search.methods.inner");
}

TEST_CASE("the hash depends on every element of a list") {
  const auto usual = hash({});
  CHECK(hash(read("counts = [2, 3, 3]")) == usual);
  CHECK(hash(read("counts = [2, 3]")) != usual);
  CHECK(hash(read("counts = [3, 2, 3]")) != usual);
  CHECK(hash(read("[[search.methods]]\nname = 'wide'\n")) == usual);
  CHECK(hash(read("[[search.methods]]\nname = 'wide'\nsamples = 2\n")) != usual);
  CHECK(hash(read("search.methods = []")) != usual);
}

TEST_CASE("the values of a configuration have lists on one line") {
  const auto values =
      config_values("a = [\n 1,\n 2,\n]\nb = ['x']\n[[c.d]]\ne = 1\n[[c.d]]\nf = []\n");
  CHECK(values.at("a") == "[1, 2]");
  CHECK(values.at("c.d") == "[{e = 1}, {f = []}]");
  CHECK(values.size() == 3);
}

TEST_CASE("commas separate parts outside of quotes and brackets") {
  CHECK(comma_parts("a,b") == Words{"a", "b"});
  CHECK(comma_parts("[a,b],'c,d',{e=1,f=\"]\"}") == Words{"[a,b]", "'c,d'", "{e=1,f=\"]\"}"});
  CHECK(comma_parts("") == Words{""});
}

// ---- elements that are addressed by their names ------------------------------------------------

namespace {

struct Stage {
  std::string kind, name;
  std::int64_t steps = 1;
  Inner inner = {};
  void describe(FieldVisitor& v) {
    v.value({.name = "kind", .doc = "what it does", .choices = "walk|swim", .required = true},
            kind);
    v.value({"name", "what it is called"}, name);
    if (kind == "walk") v.value({"steps", "how many", 0, 9}, steps);
    section(v, "inner", "more of it", inner);
  }
};

struct Plan {
  std::vector<Stage> stages;
  void describe(FieldVisitor& v) { sections(v, {"stages", "what to do"}, stages); }
};

constexpr std::string_view kPlan =
    "[[stages]]\nkind = 'walk'\nname = 'out'\nsteps = 3\n"
    "[[stages]]\nkind = 'swim'\nname = 'over'\n"
    "[[stages]]\nkind = 'walk'\nname = 'home'\n";

Status parse(Plan& plan, std::vector<std::string> overrides) {
  return parse_config(kPlan, "plan.toml", overrides, describe_of(plan));
}
Plan planned(std::vector<std::string> overrides) {
  Plan plan;
  const Status status = parse(plan, std::move(overrides));
  REQUIRE((status ? "" : status.error().message) == std::string());
  return plan;
}
std::string refused(const std::string& given) {
  Plan plan;
  const Status status = parse(plan, {given});
  REQUIRE_FALSE(status);
  const std::string before = "override \"" + given + "\": ";
  REQUIRE(status.error().message.starts_with(before));
  return status.error().message.substr(before.size());
}

}  // namespace

TEST_CASE("an override means an element by its name, or the only one of its kind") {
  const auto plan = planned({"stages.home.steps=7", "stages.swim.inner.share=0.25"});
  REQUIRE(plan.stages.size() == 3);
  CHECK(plan.stages[0].steps == 3);
  CHECK(plan.stages[1].inner.share == 0.25);
  CHECK(plan.stages[2].steps == 7);
  CHECK(plan.stages[2].inner.share == 0.5);
  CHECK(planned({"stages.out.name=off", "stages.off.steps=2"}).stages[0].steps == 2);
  CHECK(planned({"stages.over.kind=walk"}).stages[1].kind == "walk");
  // The whole list, as ever.
  CHECK(planned({"stages=[{kind='walk', steps=2}]"}).stages.size() == 1);
}

TEST_CASE("an override with a star means every element that has the key") {
  const auto plan = planned({"stages.*.steps=5", "stages.*.inner.share=1"});
  CHECK(plan.stages[0].steps == 5);
  CHECK(plan.stages[1].steps == 1);  // it has none
  CHECK(plan.stages[2].steps == 5);
  for (const auto& stage : plan.stages) CHECK(stage.inner.share == 1);
  CHECK(refused("stages.*.strokes=5") == "stages.*.strokes is a key of no element of the list");
  CHECK(refused("stages.*.inner.shore=5") ==
        "stages.*.inner.shore is a key of no element of the list");
  CHECK(refused("stages.*.steps=10") == "stages.*.steps must be from 0 to 9, not 10 (how many)");
}

TEST_CASE("an override of an element that is not there is refused with those that are") {
  CHECK(refused("stages.hone.steps=5") ==
        "stages.hone is not in the list, which has out, over, home; did you mean home?");
  CHECK(refused("stages.swin.steps=5") ==
        "stages.swin is not in the list, which has out, over, home; did you mean swim?");
  // Two are of that kind.
  CHECK(
      refused("stages.walk.steps=5").starts_with("stages.walk is not in the list, which has out"));
  CHECK(refused("stages.out=5") == "stages.out is a section with keys of its own, not an integer");
  CHECK(refused("stages.out.step=5") ==
        "stages.out.step is not a known key; did you mean stages.out.steps?");
  CHECK(refused("stages.over.steps=5") == "stages.over.steps is not a known key");
  CHECK(refused("stages.out.steps=10") ==
        "stages.out.steps must be from 0 to 9, not 10 (how many)");
}

TEST_CASE("the elements of a list are listed by their names") {
  auto plan = planned({});
  std::vector<std::string> keys;
  for (const auto& section : list_elements(describe_of(plan)))
    for (const auto& field : section.fields) keys.push_back(section.key + "." + field.name);
  CHECK(keys == Words{"stages.out.kind", "stages.out.name", "stages.out.steps",
                      "stages.out.inner.share", "stages.over.kind", "stages.over.name",
                      "stages.over.inner.share", "stages.home.kind", "stages.home.name",
                      "stages.home.steps", "stages.home.inner.share"});
  plan.stages[2].name = "out";  // does not tell them apart
  CHECK(list_elements(describe_of(plan))[1].key == "stages[1]");
  const auto values = config_values(print_config(describe_of(plan)));
  CHECK(values.contains("stages"));
  const auto named = config_values(kPlan);
  CHECK(named.at("stages.out.steps") == "3");
  CHECK(named.at("stages.home.kind") == "'walk'");
}
