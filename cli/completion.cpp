#include "cli/completion_tree.hpp"

#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace qstar::cli {

void add_completion(CLI::App& app, int& code) {
  auto* command = app.add_subcommand("completion",
                                     "Print a completion script for a shell\n\n"
                                     "  source <(qstar completion bash)\n"
                                     "  source <(qstar completion zsh)\n"
                                     "  qstar completion fish | source");
  auto shell = std::make_shared<std::string>("bash");
  command->add_option("shell", *shell, "The shell: bash, zsh or fish (default bash)")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([&app, shell, &code] {
    const auto places = completion_places(app);
    write_text(stdout, *shell == "zsh"    ? zsh_completion(places)
                       : *shell == "fish" ? fish_completion(places)
                                          : bash_completion(places));
    code = 0;
  });
}

}  // namespace qstar::cli
