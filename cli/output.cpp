#include "cli/output.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include <nlohmann/json.hpp>

namespace qstar {
namespace {

// Of the first failure: later ones may be its consequences.
std::atomic<int> first_errno{0};

}  // namespace

void print_json(const nlohmann::ordered_json& value) {
  const auto line =
      value.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  if (std::fwrite(line.data(), 1, line.size(), stdout) < line.size()) note_output_failure(errno);
}

void note_output_failure(int error_number) {
  int none = 0;
  first_errno.compare_exchange_strong(none, error_number);
}

void write_text(std::FILE* file, std::string_view text) {
  const bool written =
      std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0;
  if (!written && file == stdout) note_output_failure(errno);
}

bool flush_output() {
  if (std::fflush(stdout) != 0) note_output_failure(errno);
  return first_errno == 0 && std::ferror(stdout) == 0;
}

bool reader_is_gone() {
  pollfd output{STDOUT_FILENO, POLLOUT, 0};
  return ::poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

Status check_output() {
  if (flush_output() || reader_is_gone()) return {};
  const int why = first_errno;
  return fail(Errc::kIo, fmt::format("cannot write to standard output{}{}", why == 0 ? "" : ": ",
                                     why == 0 ? "" : std::strerror(why)));
}

}  // namespace qstar
