#include <cstdio>

#include "cli/commands.hpp"

namespace qstar {

void add_completion(CLI::App& app, int& code) {
  auto* command = app.add_subcommand(
      "completion", "print a completion script for bash\n\n  source <(qstar completion)");
  command->callback([&code] {
    std::fputs(
        "_qstar() {\n"
        "  local word=${COMP_WORDS[COMP_CWORD]}\n"
        "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
        "    COMPREPLY=($(compgen -W 'train eval solve search replay label report certs worker "
        "completion "
        "--help "
        "--version' -- \"$word\"))\n"
        "  elif [ \"${COMP_WORDS[1]}\" = replay ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
        "    COMPREPLY=($(compgen -W 'stats ls show' -- \"$word\"))\n"
        "  elif [ \"${word#-}\" != \"$word\" ]; then\n"
        "    local command=2\n"
        "    [ \"${COMP_WORDS[1]}\" = replay ] && [ \"$COMP_CWORD\" -gt 2 ] && command=3\n"
        "    COMPREPLY=($(compgen -W \"$(\"${COMP_WORDS[@]:0:command}\" --help 2>/dev/null | "
        "grep -oE -- '--[a-z-]+' | sort -u)\" -- \"$word\"))\n"
        "  else\n"
        "    COMPREPLY=($(compgen -f -- \"$word\"))\n"
        "  fi\n"
        "}\n"
        "complete -F _qstar qstar\n",
        stdout);
    code = 0;
  });
}

}  // namespace qstar
