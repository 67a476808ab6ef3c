// `qstar sweep`, which runs in `qstar-train`: that program knows every kind of experiment.
#pragma once

namespace qstar::cli {

int sweep(int argc, char** argv);

}  // namespace qstar::cli
