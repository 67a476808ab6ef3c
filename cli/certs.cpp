#include <fmt/format.h>

#include "actors/process/certificates.hpp"
#include "cli/commands.hpp"
#include "cli/number_options.hpp"
#include "cli/option_values.hpp"
#include "cli/output.hpp"

namespace qstar::cli {
namespace {

struct CertsWords {
  std::string directory;
  std::vector<std::string> nodes;
  int days = 365;
};

int make_new(const CertsWords& words) {
  actors::CertificateOptions options{.days = words.days};
  options.nodes.insert(options.nodes.end(), words.nodes.begin(), words.nodes.end());
  if (auto made = actors::make_certificates(words.directory, options); !made)
    return report_error(made.error());
  write_text(stdout,
             fmt::format("Wrote a new CA and certificates for {} to {}.\nCopy ca.pem and a node's "
                         "two files to its machine; keep ca.key here.\n",
                         fmt::join(options.nodes, ", "), words.directory));
  return 0;
}

int add_further(const CertsWords& words) {
  if (words.nodes.empty()) {
    return report_error(
        {Errc::kUsage, fmt::format("{} already holds a CA: add nodes to it with --node NAME, or "
                                   "choose another folder",
                                   words.directory)});
  }
  if (auto made = actors::add_certificates(words.directory, {words.nodes, words.days}); !made)
    return report_error(made.error());
  write_text(stdout, fmt::format("Issued certificates for {} in {} with the CA that was there.\n",
                                 fmt::join(words.nodes, ", "), words.directory));
  return 0;
}

}  // namespace

void add_certs(CLI::App& app, int& code) {
  auto* command = app.add_subcommand(
      "certs",
      "Make certificates for a run on several machines\n\n"
      "In a new folder this makes a certificate authority (CA) and certificates for the nodes\n"
      "head and worker. In a folder with a CA it issues certificates for further nodes only.\n\n"
      "  qstar certs certs\n"
      "  qstar certs certs --node gpu1 --node gpu2");
  auto words = std::make_shared<CertsWords>();
  command
      ->add_option("folder", words->directory,
                   "Folder to write to; created if it does not exist (required)")
      ->required()
      ->type_name(placeholder::kFolder);
  command
      ->add_option("--node", words->nodes,
                   "Name of a node to issue a certificate for; may be given several times "
                   "(default: none)")
      ->allow_extra_args(false)
      ->type_name(placeholder::kName);
  command
      ->add_option("--days", words->days, "Days for which new certificates are valid (default 365)")
      ->check(whole_number(1, 36500));
  command->callback([words, &code] {
    code = actors::holds_ca(words->directory) ? add_further(*words) : make_new(*words);
  });
}

}  // namespace qstar::cli
