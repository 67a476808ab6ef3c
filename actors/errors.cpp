#include <exception>

#include "actors/actors.hpp"
#include "core/out_of_memory.hpp"
#include "core/printable.hpp"

namespace qstar::actors {

caf::error to_caf(const Error& error) {
  return caf::make_error(caf::sec::runtime_error, std::string(to_string(error.code)),
                         error.message);
}

Error error_of(const caf::error& error) {
  const auto& context = error.context();
  if (error == caf::sec::runtime_error && context.match_elements<std::string, std::string>())
    return {errc_from_string(context.get_as<std::string>(0)),
            printable(context.get_as<std::string>(1))};
  if (error == caf::sec::request_timeout)
    return {Errc::kActorFailed, "no answer before the timeout"};
  if (error == caf::exit_reason::remote_link_unreachable)
    return {Errc::kActorFailed, "the connection was lost"};
  if (error == caf::sec::request_receiver_down || error == caf::exit_reason::kill)
    return {Errc::kActorFailed, "the actor that was asked had ended"};
  return {Errc::kActorFailed, "internal error: " + printable(caf::to_string(error))};
}

caf::error explain(std::exception_ptr& thrown) {
  // Not a failure of the actor: it would be the same after a restart.
  if (const auto lack = lack_of(thrown); !lack.empty())
    return to_caf({Errc::kIo, std::string(lack)});
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    return to_caf({Errc::kActorFailed, e.what()});
  } catch (...) {
    return to_caf({Errc::kActorFailed, "an exception of an unknown type"});
  }
}

void explain_exceptions(caf::scheduled_actor& self) { self.set_exception_handler(explain); }

}  // namespace qstar::actors
