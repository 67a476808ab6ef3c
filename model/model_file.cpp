#include "model/model_file.hpp"

#include <fmt/format.h>

#include "core/files.hpp"
#include "model/tokenizer.hpp"
#include "model/within_memory.hpp"

namespace qstar::model {
namespace {

// Metadata keys that are ModelFile's own fields.
constexpr const char* kSpecKey = "qstar";
constexpr const char* kCharactersKey = "characters";

// Takes the model's own fields out of the metadata.
Status read_fields(std::string_view source, ModelFile& model) {
  for (const char* key : {kSpecKey, kCharactersKey})
    if (!model.metadata.contains(key))
      return corrupt_model(source, fmt::format("metadata '{}' is missing", key));
  model.characters = model.metadata[kCharactersKey];
  const auto parsed = parse_config(model.metadata[kSpecKey], source, {}, describe_of(model.spec));
  if (!parsed) return corrupt_model(source, parsed.error().message);
  for (const char* key : {kSpecKey, kCharactersKey}) model.metadata.erase(key);
  return {};
}

Status check_model(const ModelFile& model, std::string_view source) {
  const std::string separators{Tokenizer::kEnd, Tokenizer::kStep};
  if (!model.characters.starts_with(separators) ||
      !Tokenizer::make(std::string_view(model.characters).substr(2)))
    return corrupt_model(source, "metadata 'characters' is not an alphabet");
  if (const auto ok = check(model.spec, model.characters); !ok)
    return corrupt_model(source, ok.error().message);
  const auto shapes = policy_shapes(model.spec, static_cast<std::int64_t>(model.characters.size()));
  for (const auto& [name, shape] : shapes) {
    const auto found = model.tensors.find(name);
    if (found == model.tensors.end())
      return corrupt_model(source, fmt::format("tensor '{}' is missing", name));
    if (found->second.shape != shape)
      return corrupt_model(source, fmt::format("tensor '{}' has the wrong shape", name));
  }
  return {};
}

Result<ModelFile> model_of(Result<TensorFile> file, std::string_view source) {
  if (!file) return tl::unexpected(file.error());
  ModelFile model{{}, {}, std::move(file->metadata), std::move(file->tensors)};
  if (auto ok = read_fields(source, model); !ok) return tl::unexpected(ok.error());
  if (auto ok = check_model(model, source); !ok) return tl::unexpected(ok.error());
  return model;
}

}  // namespace

void ModelSpec::describe(FieldVisitor& v) {
  v.value({"layers", "Number of transformer blocks", 1, 256}, layers);
  v.value({"width", "Width of the residual stream, a multiple of 2 * heads", 2, 16384}, width);
  v.value({"heads", "Number of attention heads per block", 1, 1024}, heads);
  v.value({"context", "Maximum number of tokens in a sequence, including the prompt", 2, 65536},
          context);
  v.value({"rope_base", "Base of the rotary position angles", 1, 1e9}, rope_base);
  v.value(
      {"scopes",
       "What each attention head sees, one letter per head: a everything; p, c the previous or the "
       "current line near the token's own place; P, C that whole line, without positions; d the "
       "part of the previous line that the current line has already rewritten (empty: everything)"},
      scopes);
}

Status check(const ModelSpec& spec) {
  if (spec.layers < 1 || spec.width < 1 || spec.heads < 1 || spec.context < 2)
    return fail(Errc::kConfig, "model: layers, width, heads and context must be positive");
  if (spec.width % (2 * spec.heads) != 0)
    return fail(Errc::kConfig, fmt::format("model.width = {} is not a multiple of 2 x heads = {}; "
                                           "choose such a width",
                                           spec.width, 2 * spec.heads));
  const bool letters = spec.scopes.find_first_not_of(kScopes) == std::string::npos;
  if (!spec.scopes.empty() &&
      (!letters || static_cast<std::int64_t>(spec.scopes.size()) != spec.heads))
    return fail(Errc::kConfig, fmt::format("model.scopes = \"{}\": give one of the letters {} for "
                                           "each of the {} heads, or leave it empty",
                                           spec.scopes, kScopes, spec.heads));
  return {};
}

Status check(const ModelSpec& spec, std::string_view characters) {
  if (!spec.scopes.empty() && !characters.starts_with(";=0123456789"))
    return fail(Errc::kConfig,
                "model.scopes needs an alphabet that begins with the ten digits; "
                "leave it empty in this environment");
  return check(spec);
}

Scope scope_of(const ModelSpec& spec, std::int64_t head) {
  return spec.scopes.empty() ? Scope::kAll : Scope{spec.scopes[static_cast<std::size_t>(head)]};
}

std::string serialize(const ModelFile& model) {
  ModelSpec spec = model.spec;
  TensorFile file{model.metadata, model.tensors};
  file.metadata.emplace(kSpecKey, print_config(describe_of(spec)));
  file.metadata.emplace(kCharactersKey, model.characters);
  return serialize(file);
}

Result<ModelFile> parse_model(std::string_view bytes, std::string_view source) {
  return model_of(parse_tensors(bytes, source), source);
}

Status write_model(const ModelFile& model, const std::string& path) {
  return write_file_atomically(path, serialize(model));
}

Result<ModelFile> read_model(const std::string& path) { return model_of(read_tensors(path), path); }

std::map<std::string, std::vector<std::int64_t>> policy_shapes(const ModelSpec& spec,
                                                               std::int64_t vocabulary) {
  const std::int64_t d = spec.width;
  std::map<std::string, std::vector<std::int64_t>> shapes{{"embed.weight", {vocabulary, d}},
                                                          {"head.weight", {vocabulary, d}},
                                                          {"norm.weight", {d}},
                                                          {"norm.bias", {d}}};
  if (!spec.scopes.empty()) shapes["digit.weight"] = {kDigits, d};
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

}  // namespace qstar::model
