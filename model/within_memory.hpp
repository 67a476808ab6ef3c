// A model's file says how much memory it takes: what cannot be had is an error, not an exception.
#pragma once

#include <fmt/format.h>

#include <new>
#include <string_view>

#include "core/out_of_memory.hpp"
#include "core/printable.hpp"
#include "core/result.hpp"

namespace qstar::model {

// What `make` gives, a Result; kIo, naming `source`, when the memory for it cannot be had.
template <class Make>
auto within_memory(std::string_view source, Make make) -> decltype(make()) {
  const MayLackMemory may_lack_memory;
  try {
    return make();
  } catch (const std::bad_alloc&) {
    return fail(Errc::kIo, fmt::format("{}: there is not enough memory for this model; free some, "
                                       "or raise the limit on it (ulimit -v)",
                                       printable(source)));
  }
}

}  // namespace qstar::model
