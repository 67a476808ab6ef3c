#include "model/line_view.hpp"

#include <algorithm>
#include <limits>

#include "model/tokenizer.hpp"

namespace qstar::model {
namespace {

bool has_items(Scope scope) { return scope == Scope::kPrevious || scope == Scope::kCurrent; }

}  // namespace

LinePlace LineReader::next(std::int32_t token) {
  LinePlace at = last_;
  const std::int32_t after = count_ + 1;
  const bool digit = token >= Tokenizer::kFirstDigit && token < Tokenizer::kFirstDigit + 10;
  at.digit = digit ? std::min(last_.digit + 1, kDigits - 1) : 0;
  if (at.digit < 2) ++item_;
  at.asks = at.found = item_;
  if (token == Tokenizer::kStepToken) at.previous = last_.line;
  if (token == Tokenizer::kEndToken) at.previous = after;
  if (token == Tokenizer::kStepToken || token == Tokenizer::kEndToken) {
    at.line = after;
    at.asks = item_ = -1;
  }
  ++count_;
  return last_ = at;
}

Sight sight_of(Scope scope, std::span<const LinePlace> places, std::int32_t place) {
  const LinePlace& at = places[static_cast<std::size_t>(place)];
  Sight whole{0, place + 1};
  if (scope == Scope::kAll) return whole;
  if (scope == Scope::kPrevious || scope == Scope::kPreviousWhole || scope == Scope::kPreviousDone)
    whole = {at.previous, at.line};
  if (scope == Scope::kCurrent || scope == Scope::kCurrentWhole) whole.begin = at.line;
  if (whole.begin >= whole.end) return {};
  constexpr auto kAny = std::numeric_limits<std::int32_t>::max();
  const bool near = has_items(scope);
  const auto first = near ? at.asks - kWindow : -kAny;
  const auto last = near ? at.asks + kWindow : scope == Scope::kPreviousDone ? at.asks + 1 : kAny;
  const auto item = [&](std::int32_t i) { return places[static_cast<std::size_t>(i)].found; };
  while (whole.begin < whole.end && item(whole.begin) < first) ++whole.begin;
  while (whole.begin < whole.end && item(whole.end - 1) > last) --whole.end;
  return whole.begin < whole.end ? whole : Sight{};
}

std::int32_t asking_position(Scope scope, const LinePlace& at, std::int32_t place) {
  return scope == Scope::kAll ? place : has_items(scope) ? at.asks : 0;
}
std::int32_t found_position(Scope scope, const LinePlace& at, std::int32_t place) {
  return scope == Scope::kAll ? place : has_items(scope) ? at.found : 0;
}

}  // namespace qstar::model
