#include "learning/pretraining.hpp"

namespace qstar {

void PretrainConfig::describe(FieldVisitor& v) {
  v.value({"steps", "optimiser steps", 0, 1e7}, steps);
  v.value({"rows", "rows of the corpus a step", 1, 65536}, rows);
  v.value({"length", "tokens a row", 8, 65536}, length);
  section(v, "optimizer", "Muon and AdamW", optimizer);
}

}  // namespace qstar
