#include <fmt/format.h>

#include "actors/certificates.hpp"
#include "cli/commands.hpp"

namespace qstar {

void add_certs(CLI::App& app, int& code) {
  auto* command =
      app.add_subcommand("certs",
                         "make a CA and certificates for a run on several machines\n\n"
                         "  qstar certs certs\n  qstar certs certs --node gpu1 --node gpu2");
  auto directory = std::make_shared<std::string>();
  auto nodes = std::make_shared<std::vector<std::string>>();
  command->add_option("directory", *directory, "where to write them")->required();
  command->add_option("--node", *nodes, "further node names beside head and worker");
  command->callback([directory, nodes, &code] {
    CertificateOptions options;
    options.nodes.insert(options.nodes.end(), nodes->begin(), nodes->end());
    if (auto made = make_certificates(*directory, options); !made) {
      code = report_error(made.error());
      return;
    }
    fmt::print(
        "wrote a CA and {} certificates to {}; copy ca.pem and a node's two files to its machine, "
        "keep ca.key\n",
        options.nodes.size(), *directory);
  });
}

}  // namespace qstar
