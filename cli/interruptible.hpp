// Reading that a signal can end.
//
// Signals only set a flag (cli/interrupt.hpp). What waits or computes for long asks `stop` several
// times a second, and ends when it gives true.
#pragma once

#include <array>
#include <istream>
#include <memory>
#include <streambuf>
#include <string>

#include "core/result.hpp"
#include "core/stop.hpp"

namespace qstar::cli {

// The bytes of a file, a pipe or a terminal, for an std::istream. Ends at the end of the input,
// when `stop` gives true, and when reading fails; status() says which.
class InterruptibleInput final : public std::streambuf {
 public:
  // "-" is standard input. kMissingFile: the file cannot be opened, or is a directory.
  static Result<std::unique_ptr<InterruptibleInput>> open(const std::string& path, Stop stop);
  static std::unique_ptr<InterruptibleInput> standard_input(Stop stop);
  ~InterruptibleInput() override;
  InterruptibleInput(const InterruptibleInput&) = delete;
  InterruptibleInput& operator=(const InterruptibleInput&) = delete;

  // kInterrupted, kIo; nothing at the end of the input.
  const Status& status() const { return status_; }

 protected:
  int_type underflow() override;

 private:
  InterruptibleInput(int descriptor, bool owned, std::string name, Stop stop);
  // Waits for input; false when there is none to come.
  bool wait();

  int descriptor_;
  bool owned_;
  std::string name_;
  Stop stop_;
  Status status_;
  std::array<char, 1 << 16> buffer_;
};

// The next line without its end, LF or CRLF, in `line`; false when there is none. Of a line of more
// than `most` bytes only the first `most` + 1 are kept and the rest is left unread.
bool read_line(std::istream& in, std::string& line, std::size_t most);

}  // namespace qstar::cli
