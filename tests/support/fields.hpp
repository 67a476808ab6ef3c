// All fields of a plain struct, so that a test of a copy cannot forget one: how many there are, and
// a value for each that differs from the others and from its default.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

namespace qstar::testing {

// Stands for a value of any type in an initialiser list.
struct AnyValue {
  template <class T>
  operator T() const;  // never defined: it is looked at, not called
};

// How many fields an aggregate has: the longest list of values that initialises it. No field may be
// an array, whose elements would count.
template <class T, class... Values>
consteval std::size_t field_count() {
  if constexpr (requires { T{Values{}..., AnyValue{}}; })
    return field_count<T, Values..., AnyValue>();
  else
    return sizeof...(Values);
}

// Gives every field another value.
class Distinct {
 public:
  template <class... Fields>
  void fill(const std::tuple<Fields&...>& fields) {
    std::apply([this](auto&... field) { (set(field), ...); }, fields);
  }
  template <class T>
  void set(T& field) {
    ++number_;
    if constexpr (std::is_same_v<T, bool>)
      field = !field;
    else if constexpr (std::is_enum_v<T>)
      field = static_cast<T>(1);
    else if constexpr (std::is_floating_point_v<T>)
      field = static_cast<T>(number_) + T{0.5};
    else if constexpr (std::is_integral_v<T>)
      field = static_cast<T>(number_ + (std::uint64_t{1} << (8 * sizeof(T) - 3)));
    else if constexpr (std::is_same_v<T, std::string>)
      field = "text " + std::to_string(number_);
    else if constexpr (std::is_same_v<T, std::vector<std::string>>)
      field = {"one " + std::to_string(number_), "", "two"};
    else
      field = T{number_, number_ + 1};  // a list of numbers
  }

 private:
  std::uint64_t number_ = 16;
};

// Whether no field is what it is in the other.
template <class Tuple>
bool all_differ(const Tuple& one, const Tuple& other) {
  return [&]<std::size_t... kAt>(std::index_sequence<kAt...>) {
    return (... && (std::get<kAt>(one) != std::get<kAt>(other)));
  }
  (std::make_index_sequence<std::tuple_size_v<Tuple>>());
}

}  // namespace qstar::testing
