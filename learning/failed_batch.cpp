#include "learning/failed_batch.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/finite.hpp"
#include "core/printable.hpp"
#include "data/attempt.hpp"

namespace qstar::learning {
namespace {

using nlohmann::json;

// With as few digits as tell the number from its neighbours.
json number(float value) {
  if (!std::isfinite(value)) return name_of_not_finite(static_cast<double>(value));
  return std::stod(fmt::format("{}", value));
}

json numbers(std::span<const float> values) {
  json list = json::array();
  for (const float value : values) list.push_back(number(value));
  return list;
}

std::string joined(const std::vector<json>& rows) {
  std::string lines;
  for (const json& row : rows) {
    if (!lines.empty()) lines += ",\n";
    lines += row.dump(-1, ' ', false, json::error_handler_t::replace);
  }
  return lines;
}

// The part of a list [rows, length] that belongs to a row; the list may be empty.
std::span<const float> row_of(const std::vector<float>& list, std::int64_t row,
                              std::int64_t length) {
  if (list.empty()) return {};
  return std::span(list).subspan(static_cast<std::size_t>(row * length),
                                 static_cast<std::size_t>(length));
}

json row_json(const model::Tokenizer& tokenizer, const TokenBatch& batch, std::int64_t row) {
  const auto tokens = std::span(batch.tokens)
                          .subspan(static_cast<std::size_t>(row * batch.length),
                                   static_cast<std::size_t>(batch.length));
  return {{"text", tokenizer.decode(tokens)},
          {"weights", numbers(row_of(batch.weights, row, batch.length))}};
}

json attempt_json(const Trajectory& attempt) {
  return {{"group", attempt.id.group},
          {"sample", attempt.id.sample},
          {"text", text_of(attempt)},
          {"outcome", to_string(attempt.outcome)}};
}

}  // namespace

std::string rows_json(const model::Tokenizer& tokenizer, const TokenBatch& batch) {
  std::vector<json> rows;
  for (std::int64_t row = 0; row < batch.rows; ++row)
    rows.push_back(row_json(tokenizer, batch, row));
  return joined(rows);
}

std::string rows_json(const model::Tokenizer& tokenizer, const PolicyGradientBatch& batch) {
  const std::pair<const char*, const std::vector<float>&> lists[] = {
      {"advantages", batch.advantages},
      {"behaviour_logprobs", batch.behaviour_logprobs},
      {"proximal_logprobs", batch.proximal_logprobs},
      {"reference_logprobs", batch.reference_logprobs}};
  std::vector<json> rows;
  for (std::int64_t row = 0; row < batch.tokens.rows; ++row) {
    json& made = rows.emplace_back(row_json(tokenizer, batch.tokens, row));
    made["temperature"] = number(batch.temperatures[static_cast<std::size_t>(row)]);
    for (const auto& [name, list] : lists)
      if (!list.empty()) made[name] = numbers(row_of(list, row, batch.tokens.length));
  }
  return joined(rows);
}

std::string rows_json(std::span<const LabelledAttempt> batch) {
  std::vector<json> rows;
  for (const auto& labelled : batch) {
    json& made = rows.emplace_back(attempt_json(*labelled.attempt));
    made["targets"] = numbers(labelled.targets);
  }
  return joined(rows);
}

std::string rows_json(std::span<const RankedPair> batch) {
  std::vector<json> rows;
  for (const auto& pair : batch)
    rows.push_back({{"better", attempt_json(*pair.better)}, {"worse", attempt_json(*pair.worse)}});
  return joined(rows);
}

std::string rows_json(std::span<const WeightedGroup> batch) {
  std::vector<json> rows;
  for (const auto& [group, weight] : batch) {
    json attempts = json::array();
    for (const auto& attempt : group->attempts) attempts.push_back(attempt_json(attempt));
    rows.push_back(
        {{"group", group->group}, {"weight", number(weight)}, {"attempts", std::move(attempts)}});
  }
  return joined(rows);
}

Error FailedBatches::keep_rows(const Error& why, std::string_view rows) const {
  const auto said = [&](std::string_view where) {
    return Error{why.code, fmt::format("{}: {}{}; start a new run with lower learning rates", label,
                                       why.message, where)};
  };
  if (!keep) return said("");
  const auto text =
      fmt::format("{{\"error\": {}, \"rows\": [\n{}]}}\n", json(why.message).dump(), rows);
  const auto file = keep(label, text);
  if (!file) return said(" (its batch could not be kept: " + file.error().message + ")");
  return said(file->empty() ? "" : fmt::format(" (its batch is in {})", printable(*file)));
}

}  // namespace qstar::learning
