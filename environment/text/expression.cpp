#include "environment/text/expression.hpp"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <charconv>
#include <limits>

#include "core/ascii.hpp"

namespace qstar::environment {
namespace {

using Exact = boost::multiprecision::cpp_rational;
constexpr std::size_t kSmallDigits = 18;  // always fit 64 bits

bool is_operator(char c) { return c == '+' || c == '-' || c == '*' || c == '/'; }
int precedence(char c) { return c == '(' ? 0 : (c == '+' || c == '-') ? 1 : 2; }

class Parser {
 public:
  Parser(std::string_view text, Expression& out) : text_(text), out_(out) {}

  // nullptr on success, otherwise what is wrong at position().
  const char* run() {
    if (text_.size() > kMaxLine) return "the line is too long";
    for (at_ = 0; at_ < text_.size();) {
      const char* wrong = operand_next_ ? operand() : after_operand();
      if (wrong != nullptr) return wrong;
    }
    if (operand_next_) return "a number is missing";
    return depth_ == 0 ? nullptr : "a ')' is missing";
  }
  std::size_t position() const { return at_ + 1; }

 private:
  const char* operand() {
    const char c = text_[at_];
    if (c == '(') {
      if (++depth_ > kMaxDepth) return "parentheses nest more than 64 deep";
      push(c);
      return nullptr;
    }
    return number();
  }

  const char* number() {
    const std::size_t begin = at_;
    const bool negative = text_[at_] == '-';
    const std::size_t digits = begin + (negative ? 1 : 0);
    std::size_t end = digits;
    std::uint64_t magnitude = 0;  // wraps harmlessly for numbers that are not small
    for (; end < text_.size() && is_digit(text_[end]); ++end) {
      magnitude = magnitude * 10 + static_cast<std::uint64_t>(text_[end] - '0');
    }
    const std::size_t count = end - digits;
    if (count == 0) return "a number is expected";
    if (count > kMaxDigits) return "a number of more than 64 digits begins";
    if (text_[digits] == '0' && (count > 1 || negative)) return "a number with a needless 0 begins";
    Token t{kNumber, count <= kSmallDigits, static_cast<std::uint32_t>(begin),
            static_cast<std::uint32_t>(end), 0};
    if (t.small) t.value = static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
    out_.tokens.push_back(t);
    at_ = end;
    operand_next_ = false;
    return nullptr;
  }

  const char* after_operand() {
    const char c = text_[at_];
    if (c == ')') return close();
    if (!is_operator(c)) return "an operator is expected";
    push(c);
    operand_next_ = true;
    return nullptr;
  }

  const char* close() {
    if (depth_ == 0) return "a ')' without its '(' stands";
    --depth_;
    // The token before last exists: an operand and the '(' came before.
    if (out_.tokens[out_.tokens.size() - 2].kind == '(') out_.lone_group = true;
    push(')');
    return nullptr;
  }

  void push(char kind) {
    const auto at = static_cast<std::uint32_t>(at_);
    out_.tokens.push_back({kind, false, at, at + 1, 0});
    ++at_;
  }

  std::string_view text_;
  Expression& out_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  bool operand_next_ = true;
};

enum class Applied : std::uint8_t { kOk, kNoValue, kOverflow };

Applied apply(char op, std::int64_t a, std::int64_t b, std::int64_t& out) {
  bool overflow = false;
  if (op == '+') overflow = __builtin_add_overflow(a, b, &out);
  if (op == '-') overflow = __builtin_sub_overflow(a, b, &out);
  if (op == '*') overflow = __builtin_mul_overflow(a, b, &out);
  if (op == '/') {
    if (b == 0) return Applied::kNoValue;
    if (a == std::numeric_limits<std::int64_t>::min()) return Applied::kOverflow;
    if (a % b != 0) return Applied::kNoValue;
    out = a / b;
  }
  return overflow ? Applied::kOverflow : Applied::kOk;
}

Applied apply(char op, const Exact& a, const Exact& b, Exact& out) {
  static const Exact limit = boost::multiprecision::pow(boost::multiprecision::cpp_int(10),
                                                        static_cast<unsigned>(kMaxDigits));
  if (op == '/' && b == 0) return Applied::kNoValue;
  out = op == '+'   ? Exact(a + b)
        : op == '-' ? Exact(a - b)
        : op == '*' ? Exact(a * b)
                    : Exact(a / b);
  const bool fits = denominator(out) == 1 && abs(out) < limit;
  return fits ? Applied::kOk : Applied::kNoValue;
}

// False when the number does not fit the type.
bool read_number(const Expression&, const Token& t, std::int64_t& out) {
  out = t.value;
  return t.small;
}
bool read_number(const Expression& e, const Token& t, Exact& out) {
  out = Exact(boost::multiprecision::cpp_int(std::string(e.spelling(t))));
  return true;
}

std::string to_text(std::int64_t value) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, end};
}
std::string to_text(const Exact& value) { return numerator(value).str(); }

// 203 = 200 + 3: the digits that are not zero, each with the zeros behind it.
boost::container::small_vector<std::int64_t, 4> digits_of(std::int64_t number) {
  boost::container::small_vector<std::int64_t, 4> digits;
  for (std::int64_t unit = 1; unit <= number; unit *= 10) {
    if (const auto digit = number / unit % 10; digit != 0)
      digits.insert(digits.begin(), digit * unit);
  }
  return digits;
}

template <class T>
Applied apply_at(const Expression& e, std::size_t operation, T& out) {
  T a{};
  T b{};
  if (!read_number(e, e.tokens[operation - 1], a)) return Applied::kOverflow;
  if (!read_number(e, e.tokens[operation + 1], b)) return Applied::kOverflow;
  return apply(e.tokens[operation].kind, a, b, out);
}

// The value by two stacks (Dijkstra 1961); `accept` sees every operation's value and may refuse it.
template <class T, class Accept>
class Evaluator {
 public:
  explicit Evaluator(Accept accept) : accept_(accept) {}

  Applied run(const Expression& e, T& out) {
    for (const Token& t : e.tokens) {
      const Applied applied = take(e, t);
      if (applied != Applied::kOk) return applied;
    }
    const Applied applied = reduce(1);
    if (applied == Applied::kOk) out = values_.back();
    return applied;
  }

 private:
  Applied take(const Expression& e, const Token& t) {
    if (t.kind == kNumber) {
      T value{};
      if (!read_number(e, t, value)) return Applied::kOverflow;
      values_.push_back(std::move(value));
      return Applied::kOk;
    }
    if (t.kind == '(') {
      operators_.push_back(t.kind);
      return Applied::kOk;
    }
    const Applied applied = reduce(t.kind == ')' ? 1 : precedence(t.kind));
    if (t.kind == ')') {
      if (applied == Applied::kOk) operators_.pop_back();
    } else {
      operators_.push_back(t.kind);
    }
    return applied;
  }

  Applied reduce(int level) {
    while (!operators_.empty() && precedence(operators_.back()) >= level) {
      T b = std::move(values_.back());
      values_.pop_back();
      T result{};
      const Applied applied = apply(operators_.back(), values_.back(), b, result);
      if (applied != Applied::kOk) return applied;
      if (!accept_(result)) return Applied::kNoValue;
      values_.back() = std::move(result);
      operators_.pop_back();
    }
    return Applied::kOk;
  }

  Accept accept_;
  boost::container::small_vector<T, 16> values_;
  boost::container::small_vector<char, 16> operators_;
};

template <class T, class Accept>
Applied evaluate(const Expression& e, T& out, Accept accept) {
  return Evaluator<T, Accept>(accept).run(e, out);
}

// Runs `compute` with 64-bit integers and, only where they overflow, again with exact numbers.
template <class Compute>
std::optional<std::string> exactly(Compute compute) {
  std::int64_t small = 0;
  const Applied applied = compute(small);
  if (applied == Applied::kOk) return to_text(small);
  if (applied == Applied::kNoValue) return std::nullopt;
  Exact big;
  if (compute(big) != Applied::kOk) return std::nullopt;
  return to_text(big);
}

}  // namespace

bool Expression::is_operation(std::size_t token) const {
  return token > 0 && token + 1 < tokens.size() && is_operator(tokens[token].kind) &&
         tokens[token - 1].kind == kNumber && tokens[token + 1].kind == kNumber;
}

bool parse_expression(std::string_view text, Expression& out) {
  out.text = text;
  out.tokens.clear();
  out.lone_group = false;
  return Parser(text, out).run() == nullptr;
}

Result<Expression> parse_expression(std::string_view text) {
  Expression e;
  e.text = text;
  Parser parser(text, e);
  const char* wrong = parser.run();
  if (wrong == nullptr) return e;
  return fail(Errc::kBadProblem,
              std::string(wrong) + " at character " + std::to_string(parser.position()));
}

std::optional<std::size_t> due_operation(const Expression& e) {
  std::size_t first = 0;
  std::size_t last = 0;
  for (; last < e.tokens.size() && e.tokens[last].kind != ')'; ++last) {
    if (e.tokens[last].kind == '(') first = last + 1;
  }
  std::optional<std::size_t> sum;
  for (std::size_t i = first + 1; i < last; i += 2) {
    if (precedence(e.tokens[i].kind) == 2) return i;
    if (!sum) sum = i;
  }
  return sum;
}

std::optional<std::string> operation_value(const Expression& e, std::size_t operation) {
  return exactly([&](auto& out) { return apply_at(e, operation, out); });
}

std::optional<std::string> value_of(const Expression& e) {
  return exactly([&](auto& out) { return evaluate(e, out, [](const auto&) { return true; }); });
}

std::string why_no_value(const Expression& e, std::size_t operation) {
  const auto a = e.spelling(e.tokens[operation - 1]), b = e.spelling(e.tokens[operation + 1]);
  const char op = e.tokens[operation].kind;
  const std::string text = std::string(a) + op + std::string(b);
  if (op == '/' && b == "0") return text + " divides by zero";
  if (op == '/') return text + " is not a whole number";
  return text + " has more than " + std::to_string(kMaxDigits) + " digits";
}

bool values_within(const Expression& e, std::int64_t min, std::int64_t max) {
  std::int64_t out = 0;
  const auto inside = [=](std::int64_t v) { return v >= min && v <= max; };
  return evaluate(e, out, inside) == Applied::kOk;
}

std::string LongForm::text() const {
  std::string joined;
  for (const auto& term : terms) {
    if (!joined.empty()) joined += product ? '+' : '-';
    joined += term;
  }
  return product ? '(' + joined + ')' : joined;
}

Place place_of(const Expression& e, std::size_t operation) {
  Place p{operation - 1, operation + 2};
  while (p.first > 0 && p.last < e.tokens.size() && e.tokens[p.first - 1].kind == '(' &&
         e.tokens[p.last].kind == ')') {
    --p.first;
    ++p.last;
  }
  return p;
}

std::string rewrite(const Expression& e, Place place, std::string_view text) {
  std::string line(e.text.substr(0, e.tokens[place.first].begin));
  line += text;
  line += e.text.substr(e.tokens[place.last - 1].end);
  return line;
}

std::optional<LongForm> long_form(const Expression& e, std::size_t operation) {
  const char kind = e.tokens[operation].kind;
  const Token& a = e.tokens[operation - 1];
  const Token& b = e.tokens[operation + 1];
  constexpr std::int64_t kMost = 999'999'999;
  if ((kind != '*' && kind != '-') || !a.small || !b.small || std::min(a.value, b.value) < 1 ||
      std::max(a.value, b.value) > kMost)
    return std::nullopt;
  const auto of_a = digits_of(a.value);
  const auto of_b = digits_of(b.value);
  if (of_b.size() == 1 && (kind == '-' || of_a.size() == 1)) return std::nullopt;
  LongForm form;
  if (kind == '-') {
    form.place = {operation - 1, operation + 2};
    form.terms.push_back(to_text(a.value));
    for (const auto digit : of_b) form.terms.push_back(to_text(digit));
    return form;
  }
  form.place = place_of(e, operation);
  form.product = true;
  form.values = of_a.size() == 1 || of_b.size() == 1;
  for (const auto digit : of_b.size() > 1 ? of_b : of_a) {
    const auto other = of_b.size() > 1 ? a.value : b.value;
    form.terms.push_back(form.values ? to_text(other * digit)
                                     : to_text(other) + '*' + to_text(digit));
  }
  return form;
}

}  // namespace qstar::environment
