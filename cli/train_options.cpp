#include "cli/train_options.hpp"

#include <limits>

#include "cli/log_options.hpp"
#include "cli/number_options.hpp"
#include "cli/option_values.hpp"

namespace qstar::cli {

void add_train_options(CLI::App& app, TrainOptions& o) {
  app.add_option("config", o.config,
                 "Configuration of the experiment in TOML; - reads standard input (required)")
      ->required()
      ->type_name(placeholder::kFile);
  app.add_option(
         "overrides", o.overrides,
         "Settings as dotted.key=value that replace those of the file, lists in brackets as in "
         "algorithms=[grpo,ppo] (default: none)")
      ->type_name(placeholder::kSetting);
  app.add_option("--run", o.run, "Folder of the run (default: runs/NAME-seedSEED)")
      ->type_name(placeholder::kFolder);
  app.add_flag("--resume", o.resume, "Resume the run from its newest checkpoint");
  app.add_option("--workers", o.workers,
                 "Number of worker processes to start on this machine (default 0)")
      ->check(whole_number(0, 64));
  app.add_option("--listen", o.listen,
                 "Accept workers of other machines at this HOST:PORT (default: none)")
      ->type_name(placeholder::kAddress);
  app.add_option("--certs", o.certificates,
                 "Folder written by 'qstar certs' (default: a private CA for this run)")
      ->type_name(placeholder::kFolder);
  auto* http =
      app.add_option("--http", o.http_port,
                     "Serve the run's status and metrics on this port; 0 picks a free port "
                     "(default: none)")
          ->check(whole_number(0, 65535));
  app.add_option("--http-address", o.http_address,
                 "Address at which --http listens (default 127.0.0.1)")
      ->type_name(placeholder::kAddress)
      ->needs(http);
  add_log_options(app, o.log_level, o.log_terminal);
  app.add_option("--parent", o.parent,
                 "Stop with the process of this number, which started this one (default: none)")
      ->check(whole_number(1, std::numeric_limits<std::int32_t>::max()))
      ->group("");  // for sweeps alone: not in the help
}

}  // namespace qstar::cli
