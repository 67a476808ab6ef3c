#include "actors/actors.hpp"

namespace qstar {

caf::error to_caf(const Error& error) {
  return caf::make_error(caf::sec::runtime_error, std::string(to_string(error.code)),
                         error.message);
}

std::string message_of(const caf::error& error) { return caf::to_string(error); }

}  // namespace qstar
