// Finished runs side by side: means over seeds, and paired differences on the same problems.
#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/measured_runs.hpp"
#include "cli/number_options.hpp"
#include "cli/option_values.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"
#include "core/printable.hpp"

namespace qstar::cli {
namespace {

struct CompareOptions {
  std::vector<std::string> runs;
  MeasureOptions measure;
  bool json = false;
};

int run_compare(CompareOptions& options) {
  options.measure.stop = stop_on_interrupt();
  const StatusLine progress(stderr);
  options.measure.show = [&progress](const std::string& text) {
    if (progress.is_live()) progress.show(text);
  };
  const auto measured = measure_runs(options.runs, options.measure);
  progress.clear();
  if (!measured) return report_error(measured.error());
  write_text(stderr, shortfall_of(measured->problems(), options.measure.problems));
  const auto comparison = serving::compare_runs(measured->runs);
  if (!comparison) return report_error(comparison.error());
  if (options.json)
    print_json(serving::comparison_json(*comparison, measured->cost_unit));
  else
    write_text(stdout, printable_lines(serving::comparison_text(*comparison, measured->cost_unit)));
  return 0;
}

}  // namespace

void add_compare(CLI::App& app, int& code) {
  auto* command = app.add_subcommand(
      "compare",
      "Compare finished runs by their settings, on the same held-out problems\n\n"
      "  qstar compare runs/quickstart-seed1 runs/quickstart-seed2\n"
      "  qstar compare runs/sweep-qstar/*/ --problems 5000 --json");
  auto o = std::make_shared<CompareOptions>();
  command->add_option("runs", o->runs, "Folders of finished runs (required)")
      ->required()
      ->type_name(placeholder::kFolder);
  command
      ->add_option("--problems", o->measure.problems,
                   "Number of held-out problems on which every run is measured (default 2000)")
      ->check(whole_number(2, 1'000'000));
  command
      ->add_option("--environment", o->measure.environment,
                   "Change settings of the environment that held-out problems come from, as "
                   "KEY=VALUE ... (default: the environment of the runs)")
      ->type_name(placeholder::kSetting);
  command->add_flag("--json", o->json, "Print JSON instead of tables");
  command->callback([o, &code] { code = run_compare(*o); });
}

}  // namespace qstar::cli
