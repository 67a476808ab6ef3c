#include "model/safetensors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/finite.hpp"
#include "core/printable.hpp"
#include "model/byte_source.hpp"
#include "model/within_memory.hpp"

namespace qstar::model {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian");

using Json = nlohmann::json;

// Far above any model of qstar (thousands of tensors; two thousand million weights), and low enough
// that a file cannot ask for all of a machine's memory.
constexpr std::uint64_t kMaxHeader = std::uint64_t{16} << 20;  // bytes
constexpr std::uint64_t kMaxData = std::uint64_t{8} << 30;     // bytes
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
  const Json& type = value["dtype"];
  if (type != "F32") {
    return corrupt_model(
        source, fmt::format("{}dtype is {}, only F32 is supported; convert the model to float32",
                            where, type.is_string() ? type.get<std::string>() : "no text"));
  }
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
Status check_coverage(const std::vector<Entry>& sorted, std::uint64_t size,
                      std::string_view source) {
  std::uint64_t place = 0;
  for (const Entry& entry : sorted) {
    if (entry.begin != place)
      return corrupt_model(source,
                           fmt::format("tensor '{}': data overlaps or leaves a hole", entry.name));
    place = entry.end;
  }
  if (place != size) {
    return corrupt_model(source, fmt::format("the data is truncated or has bytes after its end: "
                                             "the header describes {} bytes of it, there are {}",
                                             place, size));
  }
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

// All tensors in the order of their data; nothing of that has been read yet.
Result<std::vector<Entry>> entries_of(const Json& header, std::uint64_t data_bytes,
                                      std::string_view source) {
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") continue;
    auto entry = parse_entry(name, value, source);
    if (!entry) return tl::unexpected(entry.error());
    entries.push_back(std::move(*entry));
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  if (auto ok = check_coverage(entries, data_bytes, source); !ok) return tl::unexpected(ok.error());
  return entries;
}

// Where element `place` of a row-major tensor stands, one number for each dimension.
std::vector<std::uint64_t> index_of(std::uint64_t place, const std::vector<std::int64_t>& shape) {
  std::vector<std::uint64_t> index(shape.size());
  for (std::size_t i = shape.size(); i > 0; --i) {
    const auto size = static_cast<std::uint64_t>(shape[i - 1]);
    index[i - 1] = place % size;
    place /= size;
  }
  return index;
}

Status check_finite(const std::string& name, const NamedTensor& tensor, std::string_view source) {
  const auto wrong = first_not_finite(tensor.data);
  if (!wrong) return {};
  return corrupt_model(
      source,
      fmt::format("tensor '{}' holds {} at [{}]: every weight has to be a finite number", name,
                  tensor.data[*wrong], fmt::join(index_of(*wrong, tensor.shape), ", ")));
}

Result<Json> read_header(ByteSource& bytes, std::uint64_t& data_begins, std::string_view source) {
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length)
    return corrupt_model(source, "shorter than a safetensors header");
  if (auto read = bytes.read(0, {reinterpret_cast<char*>(&length), sizeof length}); !read)
    return tl::unexpected(read.error());
  if (length > kMaxHeader || length > bytes.size() - sizeof length)
    return corrupt_model(source, "the header is truncated, or this is no safetensors file");
  std::string text(length, '\0');
  if (auto read = bytes.read(sizeof length, text); !read) return tl::unexpected(read.error());
  Json header = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) return corrupt_model(source, "the header is not a JSON object");
  data_begins = sizeof length + length;
  return header;
}

Result<TensorFile> read_checked(ByteSource& bytes, std::string_view source) {
  std::uint64_t data_begins = 0;
  const auto header = read_header(bytes, data_begins, source);
  if (!header) return tl::unexpected(header.error());
  TensorFile file;
  if (auto ok = take_metadata(*header, source, file); !ok) return tl::unexpected(ok.error());
  const std::uint64_t data_bytes = bytes.size() - data_begins;
  auto entries = entries_of(*header, data_bytes, source);
  if (!entries) return tl::unexpected(entries.error());
  if (data_bytes > kMaxData) {
    return corrupt_model(source, fmt::format("it has {} bytes of data; a model has at most {}",
                                             data_bytes, kMaxData));
  }
  for (Entry& entry : *entries) {
    NamedTensor& tensor = file.tensors[entry.name];
    tensor.shape = std::move(entry.shape);
    tensor.data.resize((entry.end - entry.begin) / sizeof(float));
    auto* data = reinterpret_cast<char*>(tensor.data.data());
    if (auto read = bytes.read(data_begins + entry.begin, {data, entry.end - entry.begin}); !read)
      return tl::unexpected(read.error());
    if (auto ok = check_finite(entry.name, tensor, source); !ok) return tl::unexpected(ok.error());
  }
  return file;
}

class BytesInMemory final : public ByteSource {
 public:
  explicit BytesInMemory(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Status read(std::uint64_t offset, std::span<char> to) override {
    if (!to.empty()) std::memcpy(to.data(), bytes_.data() + offset, to.size());
    return {};
  }

 private:
  std::string_view bytes_;
};

}  // namespace

tl::unexpected<Error> corrupt_model(std::string_view source, std::string_view what) {
  constexpr std::size_t kLongest = 400;  // a damaged header may have names of megabytes
  const bool long_one = what.size() > kLongest;
  return fail(Errc::kCorrupt,
              fmt::format("{}: not a qstar model: {}{}", printable(source),
                          printable(what.substr(0, kLongest)), long_one ? " …" : ""));
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

Result<TensorFile> read_tensors(ByteSource& bytes, std::string_view source) {
  return within_memory(source, [&] { return read_checked(bytes, source); });
}

Result<TensorFile> parse_tensors(std::string_view bytes, std::string_view source) {
  BytesInMemory memory(bytes);
  return read_tensors(memory, source);
}

}  // namespace qstar::model
