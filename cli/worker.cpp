#include <signal.h>

#include "actors/worker.hpp"
#include "cli/commands.hpp"

namespace qstar {

void add_worker(CLI::App& app, int& code) {
  auto* command =
      app.add_subcommand("worker",
                         "join a run and make attempts, or examples of a puzzle, for it\n\n"
                         "  qstar worker --connect 10.0.0.1:7000 --certs certs --name gpu1");
  auto options = std::make_shared<WorkerOptions>();
  command->add_option("--connect", options->address, "ADDRESS:PORT of the head")->required();
  command->add_option("--certs", options->certificates, "directory made by 'qstar certs'")
      ->required();
  command->add_option("--node", options->node, "whose certificate in it to use");
  command->add_option("--name", options->name, "how this process calls itself in the records");
  options->rejoin = 60;
  command
      ->add_option("--rejoin", options->rejoin,
                   "seconds that a head which went away may take to come back; 0: end at once")
      ->check(CLI::Range(0.0, 86400.0));
  command->add_option("--parent", options->parent,
                      "end with the process of this number, which started this one");
  command->callback([options, &code] {
    // Ctrl-C in a terminal reaches the head, too, and it is the head that ends its workers.
    if (options->parent > 0) ::signal(SIGINT, SIG_IGN);
    if (options->parent > 0) options->rejoin = 0;  // such a head starts new ones
    ::signal(SIGPIPE, SIG_IGN);
    if (auto done = run_worker(*options); !done) code = report_error(done.error());
  });
}

}  // namespace qstar
