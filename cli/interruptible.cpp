#include "cli/interruptible.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/printable.hpp"

namespace qstar::cli {
namespace {

constexpr int kPollMilliseconds = 100;  // between two looks at `stop`

}  // namespace

InterruptibleInput::InterruptibleInput(int descriptor, bool owned, std::string name, Stop stop)
    : descriptor_(descriptor), owned_(owned), name_(std::move(name)), stop_(std::move(stop)) {}

InterruptibleInput::~InterruptibleInput() {
  if (owned_) ::close(descriptor_);
}

std::unique_ptr<InterruptibleInput> InterruptibleInput::standard_input(Stop stop) {
  return std::unique_ptr<InterruptibleInput>(
      new InterruptibleInput(STDIN_FILENO, false, "standard input", std::move(stop)));
}

Result<std::unique_ptr<InterruptibleInput>> InterruptibleInput::open(const std::string& path,
                                                                     Stop stop) {
  if (path == "-") return standard_input(std::move(stop));
  // Without O_NONBLOCK a named pipe that nobody writes to could not be given up.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return fail(Errc::kMissingFile,
                fmt::format("cannot read {}: {}", printable(path), std::strerror(errno)));
  std::unique_ptr<InterruptibleInput> input(
      new InterruptibleInput(descriptor, true, printable(path), std::move(stop)));
  struct stat info {};
  if (::fstat(descriptor, &info) == 0 && S_ISDIR(info.st_mode))
    return fail(Errc::kMissingFile,
                fmt::format("{} is a directory and holds no problems", input->name_));
  return input;
}

bool InterruptibleInput::wait() {
  for (pollfd waiting{descriptor_, POLLIN, 0}; !stop_();) {
    const int ready = ::poll(&waiting, 1, kPollMilliseconds);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) {
      status_ = fail(Errc::kIo, fmt::format("cannot read {}: {}", name_, std::strerror(errno)));
      return false;
    }
  }
  status_ = fail(Errc::kInterrupted, fmt::format("interrupted while reading {}", name_));
  return false;
}

InterruptibleInput::int_type InterruptibleInput::underflow() {
  while (status_ && wait()) {
    const auto got = ::read(descriptor_, buffer_.data(), buffer_.size());
    if (got > 0) {
      setg(buffer_.data(), buffer_.data(), buffer_.data() + got);
      return traits_type::to_int_type(buffer_[0]);
    }
    if (got == 0) return traits_type::eof();
    if (errno == EINTR || errno == EAGAIN) continue;
    status_ = fail(Errc::kIo, fmt::format("cannot read {}: {}", name_, std::strerror(errno)));
  }
  return traits_type::eof();
}

bool read_line(std::istream& in, std::string& line, std::size_t most) {
  line.clear();
  for (char next = 0; line.size() <= most && in.get(next) && next != '\n';) line += next;
  if (line.empty() && !in) return false;
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return true;
}

}  // namespace qstar::cli
