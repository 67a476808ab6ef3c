#include "core/out_of_memory.hpp"

#include <array>
#include <atomic>
#include <new>
#include <system_error>

namespace qstar {
namespace {

std::array<char, 2000> words_kept;
std::atomic<std::size_t> words_size{0};

}  // namespace

void set_last_words(std::string_view words) {
  words_size = 0;
  words_size = words.copy(words_kept.data(), words_kept.size());
}

std::string_view last_words() { return {words_kept.data(), words_size}; }

std::string_view lack_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::bad_alloc&) {
    return kOutOfMemory;
  } catch (const std::system_error& error) {
    // The category of std::thread.
    if (error.code() == std::errc::resource_unavailable_try_again) return kOutOfThreads;
    return error.code() == std::errc::not_enough_memory ? kOutOfMemory : std::string_view();
  } catch (...) {
    return {};
  }
}

}  // namespace qstar
