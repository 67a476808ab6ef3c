#include <chrono>
#include <exception>

#include "actors/actors.hpp"

namespace qstar {

caf::error to_caf(const Error& error) {
  return caf::make_error(caf::sec::runtime_error, std::string(to_string(error.code)),
                         error.message);
}

Error error_of(const caf::error& error) {
  const auto& context = error.context();
  if (error == caf::sec::runtime_error && context.match_elements<std::string, std::string>())
    return {errc_from_string(context.get_as<std::string>(0)), context.get_as<std::string>(1)};
  return {Errc::kActorFailed, caf::to_string(error)};
}

caf::error explain(std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    return to_caf({Errc::kActorFailed, e.what()});
  } catch (...) {
    return to_caf({Errc::kActorFailed, "an exception that says nothing of itself"});
  }
}

void explain_exceptions(caf::scheduled_actor& self) { self.set_exception_handler(explain); }

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace qstar
