#include "cli/sweep_options.hpp"

#include "cli/number_options.hpp"
#include "cli/option_values.hpp"

namespace qstar::cli {

void add_sweep_options(CLI::App& app, SweepOptions& o) {
  app.add_option("config", o.config,
                 "Configuration of the experiment in TOML; - reads standard input (required)")
      ->required()
      ->type_name(placeholder::kFile);
  app.add_option("settings", o.axes,
                 "Settings with their values: KEY=FIRST..LAST for whole numbers, or "
                 "KEY=VALUE,VALUE,...; a value that is a list stands in brackets (required)")
      ->required()
      ->type_name(placeholder::kSetting);
  app.add_option("--jobs", o.jobs, "Number of runs at the same time (default 1)")
      ->check(whole_number(1, 256));
  app.add_option("--out", o.out, "Folder of all runs (default: runs/sweep-NAME)")
      ->type_name(placeholder::kFolder);
  app.add_option("--problems", o.problems,
                 "Number of held-out problems on which the finished runs are compared "
                 "(default 2000)")
      ->check(whole_number(2, 1'000'000));
  app.add_option("--environment", o.environment,
                 "Settings of the environment that these problems come from, as KEY=VALUE ... "
                 "(default: the environment of the runs)")
      ->type_name(placeholder::kSetting);
  app.add_flag("--yes", o.yes, "Start more than 100 runs without asking");
}

}  // namespace qstar::cli
