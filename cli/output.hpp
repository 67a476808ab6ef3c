// What the commands print.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace qstar {

// One line of JSON on standard output, in ASCII: whatever the texts in it hold, a terminal does not
// obey it, and what is no UTF-8 is replaced.
void print_json(const nlohmann::ordered_json& value);

}  // namespace qstar
