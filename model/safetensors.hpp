// Named float32 tensors and text as one safetensors file: what every model of qstar is kept in.
//
// Layout (github.com/huggingface/safetensors, format description): 8 bytes little-endian header
// length, a JSON header {name: {dtype, shape, data_offsets}, "__metadata__": {text: text}}, then
// the raw little-endian data without holes. The metadata hold a format version beside the content.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace qstar::model {

struct NamedTensor {
  std::vector<std::int64_t> shape;
  std::vector<float> data;  // row-major float32; size is the product of shape
  friend bool operator==(const NamedTensor&, const NamedTensor&) = default;
};

struct TensorFile {
  std::map<std::string, std::string> metadata;  // without the format version
  std::map<std::string, NamedTensor> tensors;
  friend bool operator==(const TensorFile&, const TensorFile&) = default;
};

// Bytes of a safetensors file, deterministic in the content.
std::string serialize(const TensorFile& file);
// Checks everything that a file can be wrong in; every model that is read from a file or a peer
// passes here. `source` names the bytes in errors. kCorrupt: truncated, not safetensors, too large,
// overlapping or missing data, tensors that are not float32, a number that is not finite (the
// tensor and its index are named); kSchema: a later format; kIo: not enough memory.
Result<TensorFile> parse_tensors(std::string_view bytes, std::string_view source);
// The same of a file, header first: no memory is taken before all sizes have been checked.
// kMissingFile: there is no such file; kCorrupt also when it is not a regular file; kIo.
Result<TensorFile> read_tensors(const std::string& path);
// The error of a file whose content is not the model it should be.
tl::unexpected<Error> corrupt_model(std::string_view source, std::string_view what);

}  // namespace qstar::model
