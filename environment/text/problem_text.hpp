// Problems as people type them: spaces, and the signs that word processors and keyboards put in the
// place of - * and /.
#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"
#include "environment/environment.hpp"

namespace qstar::environment {

// The problem in the environment's own spelling. Of text: minus signs (U+2212, also the en dash)
// become -, the signs × · ⋅ ∗ become *, ÷ and ∕ become /, where the alphabet has them. Where it has
// no space, spaces of any width are left out, but not between two digits ("1 2" is not 12); where
// it has one, the wide and the narrow ones become it. Everything else stays; of puzzles all does.
std::string normalized_problem(const Environment& environment, std::string_view text);

// That spelling of a problem that can be given to a model of the environment. kBadProblem says what
// is wrong and where: it cannot be read, has no value (a division by zero, a quotient that is not a
// whole number), or has an operator that the environment's problems never have.
Result<std::string> typed_problem(const Environment& environment, std::string_view text);

}  // namespace qstar::environment
