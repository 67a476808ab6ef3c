#include "core/out_of_memory.hpp"

#include <new>
#include <system_error>

namespace qstar {

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
