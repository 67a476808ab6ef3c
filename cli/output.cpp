#include "cli/output.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace qstar {

void print_json(const nlohmann::ordered_json& value) {
  fmt::print("{}\n", value.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace qstar
