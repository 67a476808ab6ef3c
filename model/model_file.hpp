// A model of text as one safetensors file (model/safetensors.hpp). Everything a process needs to
// use the model alone is in the metadata: architecture, tokenizer, family, provenance.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/config.hpp"
#include "core/result.hpp"
#include "model/line_view.hpp"
#include "model/safetensors.hpp"

namespace qstar::model {

// Shape of the decoder-only transformer; [model] in a configuration.
struct ModelSpec {
  std::int64_t layers = 3;
  std::int64_t width = 64;  // d; a multiple of heads, of 2·heads for RoPE
  std::int64_t heads = 4;
  std::int64_t context = 96;  // tokens at most
  double rope_base = 1000;
  std::string scopes = {};  // what each head sees, one Scope's letter per head; empty: everything
  void describe(FieldVisitor& v);
  friend bool operator==(const ModelSpec&, const ModelSpec&) = default;
};
// The scope of a head: line_view.hpp.
Scope scope_of(const ModelSpec& spec, std::int64_t head);
// kConfig when width does not divide as it must, or scopes are not one known letter per head.
Status check(const ModelSpec& spec);
// The same, and kConfig when the scopes need digits that the alphabet does not begin with.
Status check(const ModelSpec& spec, std::string_view characters);

struct ModelFile {
  ModelSpec spec;
  std::string characters;                       // Tokenizer::characters(), separators included
  std::map<std::string, std::string> metadata;  // family, environment (TOML), config_hash, seed,
                                                // code_version, role ("policy"), …
  std::map<std::string, NamedTensor> tensors;
  friend bool operator==(const ModelFile&, const ModelFile&) = default;
};

// Bytes of a safetensors file, deterministic in the content.
std::string serialize(const ModelFile& model);
// `source` names the bytes in errors. The errors are those of parse_tensors(), and kCorrupt when
// the architecture does not fit the tensors.
Result<ModelFile> parse_model(std::string_view bytes, std::string_view source);

// Atomic: temporary file, fsync, rename. On failure the old file is as it was.
Status write_model(const ModelFile& model, const std::string& path);
// Errors as of parse_model() and read_tensors().
Result<ModelFile> read_model(const std::string& path);

// Names and shapes that a policy of this spec and vocabulary has, V = vocabulary size, D = width:
//   embed.weight [V,D]
//   digit.weight [8,D]: added by LinePlace::digit, with scopes only
//   blocks.I.norm1.{weight,bias} [D]
//   blocks.I.attention.qkv.weight [3D,D] (rows: q, k, v; each by head)
//   blocks.I.attention.out.weight [D,D]
//   blocks.I.norm2.{weight,bias} [D]
//   blocks.I.mlp.up.weight [4D,D]
//   blocks.I.mlp.down.weight [D,4D]
//   norm.{weight,bias} [D]
//   head.weight [V,D]
// y = x·Wᵀ as in torch's Linear, no biases; RoPE rotates the pairs (j, j + h/2) of each head of
// size h by position · base^(−2j/h); GELU is the exact one (erf); LayerNorm's epsilon is 1e-5.
std::map<std::string, std::vector<std::int64_t>> policy_shapes(const ModelSpec& spec,
                                                               std::int64_t vocabulary);

}  // namespace qstar::model
