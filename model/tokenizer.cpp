#include "model/tokenizer.hpp"

#include <fmt/format.h>

namespace qstar::model {

Tokenizer::Tokenizer(std::string characters) : characters_(std::move(characters)) {
  index_.fill(-1);
  for (std::size_t i = 0; i < characters_.size(); ++i)
    index_[static_cast<unsigned char>(characters_[i])] = static_cast<std::int16_t>(i);
}

Result<Tokenizer> Tokenizer::make(std::string_view characters) {
  std::string all{kEnd, kStep};
  for (const char c : characters) {
    // Model files carry the alphabet as JSON text.
    if (c < ' ' || c > '~')
      return fail(Errc::kConfig, fmt::format("tokenizer: character code {} is not printable ASCII",
                                             static_cast<int>(static_cast<unsigned char>(c))));
    if (all.find(c) != std::string::npos)
      return fail(Errc::kConfig,
                  fmt::format("tokenizer: '{}' is given twice or is a separator; leave it out", c));
    all.push_back(c);
  }
  return Tokenizer(std::move(all));
}

Result<std::vector<std::int32_t>> Tokenizer::encode(std::string_view text) const {
  std::vector<std::int32_t> tokens;
  tokens.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (index_[byte] < 0) {
      const std::string shown = byte >= ' ' && byte <= '~' ? fmt::format("'{}'", text[i])
                                                           : fmt::format("code {}", int{byte});
      return fail(Errc::kBadProblem,
                  fmt::format("unknown character {} at place {} of the text", shown, i + 1));
    }
    tokens.push_back(index_[byte]);
  }
  return tokens;
}

std::string Tokenizer::decode(std::span<const std::int32_t> tokens) const {
  std::string text;
  text.reserve(tokens.size());
  for (const std::int32_t token : tokens) text.push_back(character(token));
  return text;
}

}  // namespace qstar::model
