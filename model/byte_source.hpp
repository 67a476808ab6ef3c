// Where the bytes of a model come from: a buffer or a file. For the reader of safetensors alone.
//
// The reader asks for the header first and for a tensor's data once everything that the header says
// has been checked: a file that lies about its size costs no memory.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/result.hpp"
#include "model/safetensors.hpp"

namespace qstar::model {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual std::uint64_t size() const = 0;
  // Fills `to` with the bytes from `offset` on, all of which lie below size(). kIo, kCorrupt when
  // the source has become shorter.
  virtual Status read(std::uint64_t offset, std::span<char> to) = 0;
};

// `source` names the bytes in errors; see parse_tensors().
Result<TensorFile> read_tensors(ByteSource& bytes, std::string_view source);

}  // namespace qstar::model
