// A corpus of worked solutions by students, most of whom have misconceptions.
//
// A row is filled by one student with consecutive solved training problems,
//   ;3+4*2-5=3+8-5=11-5=6;9-2=7;…
// and cut at its length. A bad student has two misconceptions, each with its probability: working
// strictly left to right, and reading a-b+c as a-(b+c); on top of that every student slips now and
// then: a value off by 1, 2 or 10, or in a product a neighbouring factor (a*(b+1)).
// With the defaults about 43 % of family C's solutions have the right answer. Where long operations
// are taken apart (arithmetic.hpp), students slip at values only, never at writing digits down.
//
// Where the steps can be listed (Countdown), nothing is worked out from left to right: a student
// with that misconception takes any legal step, and so does a student who slips; the others take
// the next step of a shortest solution, and give up where there is none. With the defaults about 28
// % of the answers are right.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.hpp"
#include "core/rng.hpp"
#include "environment/environment.hpp"

namespace qstar::environment {

struct Expression;

struct CorpusConfig {
  double bad_share = 0.78;
  double left_to_right = 0.9;
  double misread_minus = 0.9;
  double bad_slip = 0.2;
  double good_slip = 0.01;
  void describe(FieldVisitor& v);
  // Right work only, for supervised fine-tuning.
  static CorpusConfig curated() { return {0, 0, 0, 0, 0}; }
  friend bool operator==(const CorpusConfig&, const CorpusConfig&) = default;
};

class Corpus {
 public:
  // `problems` must be an environment of text and outlive the corpus.
  Corpus(const Environment& problems, const CorpusConfig& config, std::uint64_t seed);

  // The next row, exactly `length` characters.
  std::string row(std::size_t length);

  // The state that the following rows depend on, for checkpoints.
  std::array<std::uint64_t, 4> state() const { return rng_.state(); }
  void set_state(const std::array<std::uint64_t, 4>& s) { rng_.set_state(s); }

 private:
  struct Student {
    bool left_to_right = false;
    bool misreads_minus = false;
    double slip = 0;
  };
  Student draw_student();
  void append_solution(const Student& student, std::string& row);
  // Line after line with one operation done, until a number is left.
  void append_rewriting(const Student& student, std::string line, std::string& row);
  // Steps chosen among the listed ones, until none is left.
  void append_choices(const Student& student, State state, std::string& row);
  // The line that the student writes, with the operation done, or taken apart where it is long.
  std::string worked(const Student& student, const Expression& e, std::size_t operation);
  // A right number as the student writes it; `factor` is a product's, null otherwise.
  std::string slipped(const Student& student, const std::string& right, const std::int64_t* factor);

  const Environment* problems_;
  CorpusConfig config_;
  Rng rng_;
};

// Which characters of a row are solution: from after the first '=' of each problem to its ';'
// inclusive. A language model learns on these only.
std::vector<bool> solution_mask(std::string_view row);

}  // namespace qstar::environment
