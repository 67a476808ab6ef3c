// Arithmetic expressions as text: parsing, the operation whose turn it is, exact values, rewriting.
//
// Numbers are integers in their one canonical spelling (no leading zeros, no "-0") of at most
// kMaxDigits digits. A minus belongs to a number wherever a number is expected: at the start, after
// an operator, after '('. Parentheses nest to kMaxDepth at most. No spaces.
//
// Whose turn it is: in the leftmost pair of parentheses that has none inside it (without
// parentheses: in the whole line) the leftmost * or /, otherwise the leftmost + or -. Doing an
// operation replaces it by its value; parentheses that then hold this number alone go with it.
//
// Values are exact: 64-bit integers where they suffice, Boost.Multiprecision rationals otherwise.
// An operation has no value when it divides by zero, when the quotient is not an integer, or when
// the value has more than kMaxDigits digits.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace qstar::environment {

inline constexpr std::size_t kMaxDigits = 64;
inline constexpr std::size_t kMaxDepth = 64;
inline constexpr std::size_t kMaxLine = 65536;  // characters

struct Token {
  char kind = 0;            // kNumber, or the character itself: + - * / ( )
  bool small = true;        // numbers: fits `value`
  std::uint32_t begin = 0;  // offsets into the text
  std::uint32_t end = 0;
  std::int64_t value = 0;  // of a small number
};
inline constexpr char kNumber = '#';

// A parsed line; views the text it was parsed from.
struct Expression {
  std::string_view text;
  boost::container::small_vector<Token, 24> tokens;
  bool lone_group = false;  // some parentheses hold nothing but a number

  std::string_view spelling(const Token& t) const { return text.substr(t.begin, t.end - t.begin); }
  bool is_number() const { return tokens.size() == 1; }
  // Whether the token is an operator between two numbers, so that it could be done at once.
  bool is_operation(std::size_t token) const;
};

// kBadProblem says what is wrong and at which character (from 1). Linear in the text's length.
Result<Expression> parse_expression(std::string_view text);
// The same without the message, for hot loops; false on an error, `out` is then unspecified.
bool parse_expression(std::string_view text, Expression& out);

// The operator token whose turn it is; none when the line is a number or a lone group blocks it.
std::optional<std::size_t> due_operation(const Expression& e);

// The canonical text of an operation's value, and of the whole line's; none when there is no value.
std::optional<std::string> operation_value(const Expression& e, std::size_t operation);
std::optional<std::string> value_of(const Expression& e);
// Why an operation that has no value has none: "7/2 is not a whole number".
std::string why_no_value(const Expression& e, std::size_t operation);
// Whether every operation on the way to the value gives an integer in [min, max].
bool values_within(const Expression& e, std::int64_t min, std::int64_t max);

// The tokens [first, last) that something else replaces.
struct Place {
  std::size_t first = 0;
  std::size_t last = 0;
};
// Where an operation's value goes.
Place place_of(const Expression& e, std::size_t operation);
// The line with `text` written in that place.
std::string rewrite(const Expression& e, Place place, std::string_view text);

// An operation on two numbers, taken apart into operations on fewer digits; none where there is
// nothing to take apart, for sums and quotients, and for numbers below one or of more than nine
// digits.
//   A product becomes, by the distributive law, a sum in parentheses over the digits of the second
//   factor, or of the first where the second has only one digit that is not zero. Where only
//   products of single digits (with zeros behind them) are left, the terms are their values: 34*7 =
//   (210+28), 34*27 = (34*20+34*7) A difference subtracts one digit after the other: 93-27 =
//   93-20-7
struct LongForm {
  Place place;
  boost::container::small_vector<std::string, 3> terms;
  bool product = false;
  bool values = false;  // of a product: all terms are numbers; otherwise all are products
  std::string text() const;
};
std::optional<LongForm> long_form(const Expression& e, std::size_t operation);

}  // namespace qstar::environment
