// One token a character.
//
// Token 0 is the problem separator ';' (it opens every prompt and closes every solution), token 1
// the step separator '='. ";3+4*2=3+8=11;" is a problem, then steps, each closed by a separator,
// the last by ';'.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "data/attempt.hpp"

namespace qstar::model {

class Tokenizer {
 public:
  static constexpr char kEnd = kEndSeparator;
  static constexpr char kStep = kStepSeparator;
  static constexpr std::int32_t kEndToken = 0;
  static constexpr std::int32_t kStepToken = 1;
  // Of '0', in alphabets that begin with the ten digits in order.
  static constexpr std::int32_t kFirstDigit = 2;

  // `characters` are the tokens after the two separators, in order, each once.
  // kConfig: a character twice, or a separator among them.
  static Result<Tokenizer> make(std::string_view characters);

  std::int32_t size() const { return static_cast<std::int32_t>(characters_.size()); }
  // All tokens in order, separators first: ";=0123456789+-*/()".
  const std::string& characters() const { return characters_; }

  // kBadProblem names the first unknown character and its place.
  Result<std::vector<std::int32_t>> encode(std::string_view text) const;
  std::string decode(std::span<const std::int32_t> tokens) const;  // tokens in [0, size())
  char character(std::int32_t token) const { return characters_[static_cast<std::size_t>(token)]; }

 private:
  explicit Tokenizer(std::string characters);
  std::string characters_;
  std::array<std::int16_t, 256> index_{};  // -1: not a token
};

// The alphabet of the arithmetic environments.
inline constexpr std::string_view kArithmeticCharacters = "0123456789+-*/()";

}  // namespace qstar::model
