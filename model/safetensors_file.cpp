// Files of models: the header is read before the data.
#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "core/files.hpp"
#include "core/input_file.hpp"
#include "core/printable.hpp"
#include "model/byte_source.hpp"

namespace qstar::model {
namespace {

tl::unexpected<Error> cannot_open(const std::string& path, int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR: return fail(Errc::kMissingFile, printable(path) + ": no such model file");
    case ELOOP:
    case ENAMETOOLONG:
      return fail(Errc::kMissingFile,
                  fmt::format("{}: no such model file: {}", printable(path), std::strerror(error)));
    case EISDIR:
    case EINVAL:
      return corrupt_model(path, "not a regular file; save the model to one and name that");
    default: return io_error("cannot open the model", path, error);
  }
}

class FileBytes final : public ByteSource {
 public:
  FileBytes(const InputFile& file, const std::string& path) : file_(file), path_(path) {}
  std::uint64_t size() const override { return file_.size(); }
  Status read(std::uint64_t offset, std::span<char> to) override {
    const auto count = file_.read(offset, to);
    if (!count) return io_error("cannot read the model", path_, count.error());
    if (*count < to.size()) return corrupt_model(path_, "it became shorter while it was read");
    return {};
  }

 private:
  const InputFile& file_;
  const std::string& path_;
};

}  // namespace

Result<TensorFile> read_tensors(const std::string& path) {
  const auto file = InputFile::open(path);
  if (!file) return cannot_open(path, file.error());
  FileBytes bytes(*file, path);
  return read_tensors(bytes, path);
}

}  // namespace qstar::model
