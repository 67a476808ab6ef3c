#include "learning/model_file.hpp"

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

#include "learning/tokenizer.hpp"

namespace qstar {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian");

using Json = nlohmann::json;

constexpr std::uint64_t kMaxHeader = 100'000'000;  // as in the reference implementation
constexpr std::string_view kFormatVersion = "1";
// Metadata keys that are ModelFile's own fields.
constexpr const char* kSpecKey = "qstar";
constexpr const char* kVersionKey = "format_version";
constexpr const char* kCharactersKey = "characters";

tl::unexpected<Error> corrupt(std::string_view source, std::string_view what) {
  return fail(Errc::kCorrupt, fmt::format("{}: not a qstar model: {}", source, what));
}

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
    return corrupt(source, where + "dtype, shape or data_offsets is missing");
  if (value["dtype"] != "F32") return corrupt(source, where + "dtype is not F32");
  const std::int64_t count = element_count(value["shape"]);
  const Json& offsets = value["data_offsets"];
  if (count < 0) return corrupt(source, where + "bad shape");
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned())
    return corrupt(source, where + "bad data_offsets");
  Entry entry{name, value["shape"].get<std::vector<std::int64_t>>(),
              offsets[0].get<std::uint64_t>(), offsets[1].get<std::uint64_t>()};
  if (entry.end < entry.begin || (entry.end - entry.begin) % sizeof(float) != 0 ||
      (entry.end - entry.begin) / sizeof(float) != static_cast<std::uint64_t>(count))
    return corrupt(source, where + "shape and data_offsets disagree");
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
      return corrupt(source,
                     fmt::format("tensor '{}': data overlaps or leaves a hole", entry.name));
    place = entry.end;
  }
  if (place != size) return corrupt(source, "the data is truncated or has bytes after its end");
  return {};
}

Status parse_metadata(const Json& header, std::string_view source, ModelFile& model) {
  const auto found = header.find("__metadata__");
  if (found == header.end() || !found->is_object()) return corrupt(source, "no __metadata__");
  for (const auto& [key, value] : found->items()) {
    if (!value.is_string()) return corrupt(source, fmt::format("metadata '{}' is not text", key));
    model.metadata[key] = value.get<std::string>();
  }
  for (const char* key : {kVersionKey, kSpecKey, kCharactersKey})
    if (!model.metadata.contains(key))
      return corrupt(source, fmt::format("metadata '{}' is missing", key));
  const std::string version = model.metadata[kVersionKey];
  if (version != kFormatVersion) {
    const bool number = !version.empty() && version.size() < 9 && version[0] != '0' &&
                        version.find_first_not_of("0123456789") == std::string::npos;
    if (!number) return corrupt(source, "metadata 'format_version' is not a number");
    return fail(Errc::kSchema, fmt::format("{}: model format {} is later than this program's {}; "
                                           "use a newer qstar",
                                           source, version, kFormatVersion));
  }
  model.characters = model.metadata[kCharactersKey];
  const auto parsed = parse_config(model.metadata[kSpecKey], source, {}, describe_of(model.spec));
  if (!parsed) return corrupt(source, parsed.error().message);
  for (const char* key : {kVersionKey, kSpecKey, kCharactersKey}) model.metadata.erase(key);
  return {};
}

Status check_model(const ModelFile& model, std::string_view source) {
  const std::string separators{Tokenizer::kEnd, Tokenizer::kStep};
  if (!model.characters.starts_with(separators) ||
      !Tokenizer::make(std::string_view(model.characters).substr(2)))
    return corrupt(source, "metadata 'characters' is not an alphabet");
  if (const auto ok = check(model.spec); !ok) return corrupt(source, ok.error().message);
  const auto shapes = policy_shapes(model.spec, static_cast<std::int64_t>(model.characters.size()));
  for (const auto& [name, shape] : shapes) {
    const auto found = model.tensors.find(name);
    if (found == model.tensors.end())
      return corrupt(source, fmt::format("tensor '{}' is missing", name));
    if (found->second.shape != shape)
      return corrupt(source, fmt::format("tensor '{}' has the wrong shape", name));
  }
  return {};
}

Status parse_tensors(const Json& header, std::string_view data, std::string_view source,
                     ModelFile& model) {
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") continue;
    auto entry = parse_entry(name, value, source);
    if (!entry) return tl::unexpected(entry.error());
    entries.push_back(std::move(*entry));
  }
  if (auto ok = check_coverage(entries, data.size(), source); !ok) return ok;
  for (Entry& entry : entries) {
    NamedTensor& tensor = model.tensors[entry.name];
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

void ModelSpec::describe(FieldVisitor& v) {
  v.value({"layers", "transformer blocks", 1, 256}, layers);
  v.value({"width", "width of the residual stream", 2, 16384}, width);
  v.value({"heads", "attention heads; width is a multiple of twice this", 1, 1024}, heads);
  v.value({"context", "tokens at most, prompt included", 2, 65536}, context);
  v.value({"rope_base", "base of the rotary position angles", 1, 1e9}, rope_base);
}

Status check(const ModelSpec& spec) {
  if (spec.layers < 1 || spec.width < 1 || spec.heads < 1 || spec.context < 2)
    return fail(Errc::kConfig, "model: layers, width, heads and context must be positive");
  if (spec.width % (2 * spec.heads) != 0)
    return fail(Errc::kConfig, fmt::format("model.width = {} is not a multiple of 2 x heads = {}; "
                                           "choose such a width",
                                           spec.width, 2 * spec.heads));
  return {};
}

std::string serialize(const ModelFile& model) {
  Json header = Json::object();
  Json& metadata = header["__metadata__"];
  ModelSpec spec = model.spec;
  metadata[kVersionKey] = kFormatVersion;
  metadata[kSpecKey] = print_config(describe_of(spec));
  metadata[kCharactersKey] = model.characters;
  for (const auto& [key, value] : model.metadata) metadata[key] = value;
  std::uint64_t place = 0;
  for (const auto& [name, tensor] : model.tensors) {
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
  for (const auto& [name, tensor] : model.tensors)
    bytes.append(reinterpret_cast<const char*>(tensor.data.data()),
                 tensor.data.size() * sizeof(float));
  return bytes;
}

Result<ModelFile> parse_model(std::string_view bytes, std::string_view source) {
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length) return corrupt(source, "shorter than a safetensors header");
  std::memcpy(&length, bytes.data(), sizeof length);
  bytes.remove_prefix(sizeof length);
  if (length > kMaxHeader || length > bytes.size())
    return corrupt(source, "the header is truncated, or this is no safetensors file");
  const Json header = Json::parse(bytes.substr(0, length), nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) return corrupt(source, "the header is not a JSON object");
  ModelFile model;
  if (auto ok = parse_metadata(header, source, model); !ok) return tl::unexpected(ok.error());
  if (auto ok = parse_tensors(header, bytes.substr(length), source, model); !ok)
    return tl::unexpected(ok.error());
  if (auto ok = check_model(model, source); !ok) return tl::unexpected(ok.error());
  return model;
}

Status write_model(const ModelFile& model, const std::string& path) {
  const std::string temporary = fmt::format("{}.{}.tmp", path, ::getpid());
  const std::string bytes = serialize(model);
  if (!write_file(temporary, bytes) || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const auto error = io_error(path, "write the model");
    ::unlink(temporary.c_str());
    return error;
  }
  const auto parent = std::filesystem::path(path).parent_path();
  sync_directory(parent.empty() ? "." : parent);
  return {};
}

Result<ModelFile> read_model(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    return fail(Errc::kMissingFile, fmt::format("{}: no such model file", path));
  if (!std::filesystem::is_regular_file(path, ignored)) return corrupt(path, "not a regular file");
  std::ifstream in(path, std::ios::binary);
  if (!in) return io_error(path, "open it");
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) return io_error(path, "read it");
  return parse_model(bytes, path);
}

std::map<std::string, std::vector<std::int64_t>> policy_shapes(const ModelSpec& spec,
                                                               std::int64_t vocabulary) {
  const std::int64_t d = spec.width;
  std::map<std::string, std::vector<std::int64_t>> shapes{{"embed.weight", {vocabulary, d}},
                                                          {"head.weight", {vocabulary, d}},
                                                          {"norm.weight", {d}},
                                                          {"norm.bias", {d}}};
  for (std::int64_t i = 0; i < spec.layers; ++i) {
    const std::string block = fmt::format("blocks.{}.", i);
    for (const char* norm : {"norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"})
      shapes[block + norm] = {d};
    shapes[block + "attention.qkv.weight"] = {3 * d, d};
    shapes[block + "attention.out.weight"] = {d, d};
    shapes[block + "mlp.up.weight"] = {4 * d, d};
    shapes[block + "mlp.down.weight"] = {d, 4 * d};
  }
  return shapes;
}

}  // namespace qstar
