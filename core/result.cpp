#include "core/result.hpp"

#include <cstdio>
#include <cstdlib>

namespace qstar {

int exit_code(Errc code) {
  switch (code) {
    case Errc::kUsage:
    case Errc::kConfig:
    case Errc::kBadProblem: return 2;
    case Errc::kMissingFile:
    case Errc::kCorrupt:
    case Errc::kSchema: return 3;
    case Errc::kDiskFull:
    case Errc::kBusy:
    case Errc::kIo: return 4;
    case Errc::kNetwork:
    case Errc::kTimeout: return 5;
    case Errc::kActorFailed: return 6;
    case Errc::kInterrupted: return 130;
  }
  return 1;
}

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::kUsage: return "usage";
    case Errc::kConfig: return "config";
    case Errc::kMissingFile: return "missing_file";
    case Errc::kCorrupt: return "corrupt";
    case Errc::kSchema: return "schema";
    case Errc::kDiskFull: return "disk_full";
    case Errc::kBusy: return "busy";
    case Errc::kIo: return "io";
    case Errc::kBadProblem: return "bad_problem";
    case Errc::kNetwork: return "network";
    case Errc::kActorFailed: return "actor_failed";
    case Errc::kTimeout: return "timeout";
    case Errc::kInterrupted: return "interrupted";
  }
  return "unknown";
}

Errc errc_from_string(std::string_view text) {
  for (auto code = Errc::kUsage; code <= Errc::kInterrupted;
       code = static_cast<Errc>(static_cast<int>(code) + 1)) {
    if (to_string(code) == text) return code;
  }
  return Errc::kActorFailed;
}

void assertion_failed(const char* expression, const char* file, int line,
                      const std::string& detail) {
  std::fprintf(stderr, "qstar: broken invariant %s at %s:%d: %s\n", expression, file, line,
               detail.c_str());
  std::abort();
}

}  // namespace qstar
