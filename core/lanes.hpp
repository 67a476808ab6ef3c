// Sixteen numbers at once, in as many vector registers as the machine needs for them: one with
// AVX-512, two with AVX2, four with SSE2 or NEON.
//
// Vectors are GCC's own; what is wider than the machine's is a Pair of halves here. GCC takes wider
// vectors, too, but keeps them in memory and computes lane by lane: under AVX2 that took a matrix
// product to 2 % of its peak. All operators work lane by lane, in the order that is written;
// machines still differ in the products that the compiler fuses
// (docs/decisions/batch_invariant_decoder.md).
//
// For files that are compiled for this machine's vector units, and for no header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace qstar::lanes {

#if defined(__AVX512F__)
inline constexpr std::size_t kNative = 16;  // 32-bit lanes of a register
#elif defined(__AVX2__)
inline constexpr std::size_t kNative = 8;
#else
inline constexpr std::size_t kNative = 4;
#endif
inline constexpr std::size_t kLanes = 16;

#define QSTAR_INLINE [[gnu::always_inline]] inline

template <class Half>
struct Pair {
  Half low, high;
};
template <class V>
inline constexpr bool is_pair = false;
template <class Half>
inline constexpr bool is_pair<Pair<Half>> = true;

template <class T, std::size_t n>
struct Lanes {
  using type = Pair<typename Lanes<T, n / 2>::type>;
};
template <class T>
struct Lanes<T, kNative> {
  typedef T type __attribute__((vector_size(kNative * sizeof(T))));
};
using Floats = Lanes<float, kLanes>::type;
using Ints = Lanes<std::int32_t, kLanes>::type;
using Words = Lanes<std::uint32_t, kLanes>::type;
using HalfWords = Lanes<std::uint16_t, kLanes>::type;

#define QSTAR_LANES_OPERATOR(op)                                                   \
  template <class H>                                                               \
  QSTAR_INLINE auto operator op(Pair<H> a, Pair<H> b) {                            \
    return Pair<decltype(a.low op b.low)>{a.low op b.low, a.high op b.high};       \
  }                                                                                \
  template <class H, class S>                                                      \
  requires std::is_arithmetic_v<S> QSTAR_INLINE auto operator op(Pair<H> a, S b) { \
    return Pair<decltype(a.low op b)>{a.low op b, a.high op b};                    \
  }                                                                                \
  template <class S, class H>                                                      \
  requires std::is_arithmetic_v<S> QSTAR_INLINE auto operator op(S a, Pair<H> b) { \
    return Pair<decltype(a op b.low)>{a op b.low, a op b.high};                    \
  }
QSTAR_LANES_OPERATOR(+)
QSTAR_LANES_OPERATOR(-)
QSTAR_LANES_OPERATOR(*)
QSTAR_LANES_OPERATOR(/)
QSTAR_LANES_OPERATOR(&)
QSTAR_LANES_OPERATOR(|)
QSTAR_LANES_OPERATOR(<<)
QSTAR_LANES_OPERATOR(>>)
QSTAR_LANES_OPERATOR(<)
QSTAR_LANES_OPERATOR(>)
QSTAR_LANES_OPERATOR(>=)
#undef QSTAR_LANES_OPERATOR
template <class H>
QSTAR_INLINE Pair<H> operator-(Pair<H> a) {
  return {-a.low, -a.high};
}
template <class H>
QSTAR_INLINE Pair<H>& operator+=(Pair<H>& a, Pair<H> b) {
  return a = a + b;
}

// sizeof(V) bytes that need no alignment.
template <class V, class T>
QSTAR_INLINE V load(const T* from) {
  if constexpr (is_pair<V>) {
    using Half = decltype(V::low);
    constexpr std::size_t half = sizeof(Half) / sizeof(T);
    return {load<Half>(from), load<Half>(from + half)};
  } else {
    V v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
  }
}
template <class V, class T>
QSTAR_INLINE void store(T* to, V v) {
  if constexpr (is_pair<V>) {
    store(to, v.low);
    store(to + sizeof v.low / sizeof(T), v.high);
  } else {
    __builtin_memcpy(to, &v, sizeof v);
  }
}

template <class V, class S>
QSTAR_INLINE V splat(S x) {
  if constexpr (is_pair<V>) {
    const auto half = splat<decltype(V::low)>(x);
    return {half, half};
  } else {
    return x - V{};  // unlike x + 0, it is x for every x
  }
}

// Lane by lane, `mask` being what a comparison gave.
template <class M, class V>
QSTAR_INLINE V select(M mask, V yes, V no) {
  if constexpr (is_pair<V>)
    return {select(mask.low, yes.low, no.low), select(mask.high, yes.high, no.high)};
  else
    return mask ? yes : no;
}

// The same bits as other lanes of the same size.
template <class To, class V>
QSTAR_INLINE To cast(V v) {
  if constexpr (is_pair<V>)
    return {cast<decltype(To::low)>(v.low), cast<decltype(To::low)>(v.high)};
  else
    return reinterpret_cast<To>(v);
}
// The same numbers as lanes of another type.
template <class To, class V>
QSTAR_INLINE To convert(V v) {
  if constexpr (is_pair<V>)
    return {convert<decltype(To::low)>(v.low), convert<decltype(To::low)>(v.high)};
  else
    return __builtin_convertvector(v, To);
}

template <class V>
QSTAR_INLINE V max(V a, V b) {
  return select(a > b, a, b);
}
template <class V>
QSTAR_INLINE V min(V a, V b) {
  return select(a < b, a, b);
}

// Bit i is set where lane i of a comparison of 32-bit lanes holds.
template <class M>
QSTAR_INLINE std::uint32_t bits(M mask) {
  if constexpr (is_pair<M>) {
    return bits(mask.low) | bits(mask.high) << (sizeof mask.low / sizeof(std::int32_t));
  } else {
#if defined(__AVX512DQ__)
    return _mm512_movepi32_mask(reinterpret_cast<__m512i>(mask));
#elif defined(__AVX2__) && !defined(__AVX512F__)
    return static_cast<std::uint32_t>(_mm256_movemask_ps(reinterpret_cast<__m256>(mask)));
#elif defined(__SSE2__) && !defined(__AVX512F__)
    return static_cast<std::uint32_t>(_mm_movemask_ps(reinterpret_cast<__m128>(mask)));
#else
    std::uint32_t set = 0;
    for (std::size_t i = 0; i < kNative; ++i) set |= static_cast<std::uint32_t>(mask[i] != 0) << i;
    return set;
#endif
  }
}

#undef QSTAR_INLINE

}  // namespace qstar::lanes
