#include "learning/safetensors.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace qstar {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian");

using Json = nlohmann::json;

constexpr std::uint64_t kMaxHeader = 100'000'000;  // as in the reference implementation
constexpr std::string_view kFormatVersion = "1";
constexpr const char* kVersionKey = "format_version";

// Number of elements; -1 when the shape is not a list of sizes or the product overflows.
std::int64_t element_count(const Json& shape) {
  if (!shape.is_array()) return -1;
  std::int64_t count = 1;
  for (const Json& size : shape) {
    if (!size.is_number_unsigned() || size.get<std::uint64_t>() > (1ULL << 31)) return -1;
    if (__builtin_mul_overflow(count, size.get<std::int64_t>(), &count)) return -1;
  }
  return count;
}

struct Entry {
  std::string name;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

Result<Entry> parse_entry(const std::string& name, const Json& value, std::string_view source) {
  const std::string where = fmt::format("tensor '{}': ", name);
  if (!value.is_object() || !value.contains("dtype") || !value.contains("shape") ||
      !value.contains("data_offsets"))
    return corrupt_model(source, where + "dtype, shape or data_offsets is missing");
  if (value["dtype"] != "F32") return corrupt_model(source, where + "dtype is not F32");
  const std::int64_t count = element_count(value["shape"]);
  const Json& offsets = value["data_offsets"];
  if (count < 0) return corrupt_model(source, where + "bad shape");
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned())
    return corrupt_model(source, where + "bad data_offsets");
  Entry entry{name, value["shape"].get<std::vector<std::int64_t>>(),
              offsets[0].get<std::uint64_t>(), offsets[1].get<std::uint64_t>()};
  if (entry.end < entry.begin || (entry.end - entry.begin) % sizeof(float) != 0 ||
      (entry.end - entry.begin) / sizeof(float) != static_cast<std::uint64_t>(count))
    return corrupt_model(source, where + "shape and data_offsets disagree");
  return entry;
}

// The data section must be covered exactly once: no overlap, no hole, nothing beyond.
Status check_coverage(std::vector<Entry> entries, std::uint64_t size, std::string_view source) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t place = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != place)
      return corrupt_model(source,
                           fmt::format("tensor '{}': data overlaps or leaves a hole", entry.name));
    place = entry.end;
  }
  if (place != size)
    return corrupt_model(source, "the data is truncated or has bytes after its end");
  return {};
}

Status check_version(const std::string& version, std::string_view source) {
  if (version == kFormatVersion) return {};
  const bool number = !version.empty() && version.size() < 9 && version[0] != '0' &&
                      version.find_first_not_of("0123456789") == std::string::npos;
  if (!number) return corrupt_model(source, "metadata 'format_version' is not a number");
  return fail(Errc::kSchema, fmt::format("{}: model format {} is later than this program's {}; "
                                         "use a newer qstar",
                                         source, version, kFormatVersion));
}

Status take_metadata(const Json& header, std::string_view source, TensorFile& file) {
  const auto found = header.find("__metadata__");
  if (found == header.end() || !found->is_object()) return corrupt_model(source, "no __metadata__");
  for (const auto& [key, value] : found->items()) {
    if (!value.is_string())
      return corrupt_model(source, fmt::format("metadata '{}' is not text", key));
    file.metadata[key] = value.get<std::string>();
  }
  const auto version = file.metadata.extract(kVersionKey);
  if (version.empty())
    return corrupt_model(source, fmt::format("metadata '{}' is missing", kVersionKey));
  return check_version(version.mapped(), source);
}

Status take_tensors(const Json& header, std::string_view data, std::string_view source,
                    TensorFile& file) {
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") continue;
    auto entry = parse_entry(name, value, source);
    if (!entry) return tl::unexpected(entry.error());
    entries.push_back(std::move(*entry));
  }
  if (auto ok = check_coverage(entries, data.size(), source); !ok) return ok;
  for (Entry& entry : entries) {
    NamedTensor& tensor = file.tensors[entry.name];
    tensor.shape = std::move(entry.shape);
    tensor.data.resize((entry.end - entry.begin) / sizeof(float));
    if (!tensor.data.empty())
      std::memcpy(tensor.data.data(), data.data() + entry.begin, entry.end - entry.begin);
  }
  return {};
}

tl::unexpected<Error> io_error(const std::string& path, std::string_view action) {
  const int code = errno;
  const Errc kind = code == ENOSPC || code == EDQUOT ? Errc::kDiskFull : Errc::kIo;
  return fail(kind, fmt::format("{}: cannot {}: {}", path, action, std::strerror(code)));
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// Written, flushed to the disk and closed; errno tells why not.
bool write_file(const std::string& path, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return false;
  const bool written = write_all(fd, bytes) && ::fsync(fd) == 0;
  const int code = errno;
  const bool closed = ::close(fd) == 0;
  if (!written) errno = code;
  return written && closed;
}

void sync_directory(const std::filesystem::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

tl::unexpected<Error> corrupt_model(std::string_view source, std::string_view what) {
  return fail(Errc::kCorrupt, fmt::format("{}: not a qstar model: {}", source, what));
}

std::string serialize(const TensorFile& file) {
  Json header = Json::object();
  Json& metadata = header["__metadata__"];
  metadata[kVersionKey] = kFormatVersion;
  for (const auto& [key, value] : file.metadata) metadata[key] = value;
  std::uint64_t place = 0;
  for (const auto& [name, tensor] : file.tensors) {
    const std::uint64_t end = place + tensor.data.size() * sizeof(float);
    header[name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {place, end}}};
    place = end;
  }
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // keeps the data aligned for readers that map it
  const std::uint64_t length = text.size();
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  bytes.reserve(sizeof length + length + place);
  bytes += text;
  for (const auto& [name, tensor] : file.tensors)
    bytes.append(reinterpret_cast<const char*>(tensor.data.data()),
                 tensor.data.size() * sizeof(float));
  return bytes;
}

Result<TensorFile> parse_tensors(std::string_view bytes, std::string_view source) {
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length)
    return corrupt_model(source, "shorter than a safetensors header");
  std::memcpy(&length, bytes.data(), sizeof length);
  bytes.remove_prefix(sizeof length);
  if (length > kMaxHeader || length > bytes.size())
    return corrupt_model(source, "the header is truncated, or this is no safetensors file");
  const Json header = Json::parse(bytes.substr(0, length), nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) return corrupt_model(source, "the header is not a JSON object");
  TensorFile file;
  if (auto ok = take_metadata(header, source, file); !ok) return tl::unexpected(ok.error());
  if (auto ok = take_tensors(header, bytes.substr(length), source, file); !ok)
    return tl::unexpected(ok.error());
  return file;
}

Status write_model_bytes(std::string_view bytes, const std::string& path) {
  const std::string temporary = fmt::format("{}.{}.tmp", path, ::getpid());
  if (!write_file(temporary, bytes) || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const auto error = io_error(path, "write the model");
    ::unlink(temporary.c_str());
    return error;
  }
  const auto parent = std::filesystem::path(path).parent_path();
  sync_directory(parent.empty() ? "." : parent);
  return {};
}

Result<std::string> read_model_bytes(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    return fail(Errc::kMissingFile, fmt::format("{}: no such model file", path));
  if (!std::filesystem::is_regular_file(path, ignored))
    return corrupt_model(path, "not a regular file");
  std::ifstream in(path, std::ios::binary);
  if (!in) return io_error(path, "open it");
  std::string bytes(std::filesystem::file_size(path, ignored), '\0');
  if (!in.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
    return io_error(path, "read it");
  return bytes;
}

}  // namespace qstar
