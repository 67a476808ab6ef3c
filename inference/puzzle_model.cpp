// The model and its file; inference is in puzzle_network.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/files.hpp"
#include "inference/mlp.hpp"
#include "inference/puzzle_layout.hpp"
#include "inference/puzzle_network.hpp"
#include "model/safetensors.hpp"
#include "model/within_memory.hpp"

namespace qstar::inference {
namespace {

using mlp::kColumns;
using mlp::Layout;

constexpr std::int64_t kLargest = 1 << 16;  // cells, symbols, moves: what a file may claim

// The one-hot layer's panels [first/32][entries][32] as rows [entries, first], and back.
std::size_t panel_place(const Layout& layout, std::size_t entry, std::size_t column) {
  return column / kColumns * kColumns * layout.entries() + entry * kColumns + column % kColumns;
}

// Calls visit(name, shape, place of element i in the flat vector) for every tensor.
template <class Visit>
void for_each_tensor(const Layout& layout, Visit visit) {
  const std::size_t first = layout.sizes().first;
  const auto from = [](std::size_t offset) {
    return [offset](std::size_t i) { return offset + i; };
  };
  visit("embed.weight", {layout.entries(), first},
        [&](std::size_t i) { return panel_place(layout, i / first, i % first); });
  visit("embed.bias", {first}, from(layout.table_bias()));
  const auto dense = [&](const std::string& name, const Layout::Dense& d, std::size_t n) {
    visit(name + ".weight", {n, d.k}, from(d.weight));
    visit(name + ".bias", {n}, from(d.bias));
  };
  const auto& hidden = layout.hidden();
  dense("second", hidden[0], hidden[0].n);
  for (std::size_t i = 1; i < hidden.size(); ++i)
    dense(fmt::format("blocks.{}.{}", (i - 1) / 2, i % 2 == 1 ? "up" : "down"), hidden[i],
          hidden[i].n);
  dense("head", layout.output(), layout.sizes().outputs);
}

struct Shape {
  Shape(std::initializer_list<std::size_t> sizes) {
    for (const std::size_t size : sizes) {
      extents.push_back(static_cast<std::int64_t>(size));
      count *= size;
    }
  }
  std::vector<std::int64_t> extents;
  std::size_t count = 1;
};

Result<std::int64_t> read_number(const model::TensorFile& file, const char* key,
                                 std::string_view source) {
  const auto found = file.metadata.find(key);
  std::int64_t value = 0;
  if (found != file.metadata.end()) {
    const std::string& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && value > 0 && value <= kLargest)
      return value;
  }
  return model::corrupt_model(
      source, fmt::format("metadata '{}' is not a number from 1 to {}", key, kLargest));
}

// Everything but the parameters, and the metadata that remain.
Status read_description(model::TensorFile& file, std::string_view source, PuzzleModel& model) {
  const std::string role = file.metadata["role"];
  if (role != "puzzle_q" && role != "puzzle_v" && role != "puzzle_qv") {
    return model::corrupt_model(
        source, fmt::format("its role is '{}', not puzzle_q, puzzle_v or puzzle_qv", role));
  }
  model.puzzle.name = file.metadata["puzzle"];
  const std::pair<const char*, std::int64_t&> numbers[] = {{"cells", model.puzzle.cells},
                                                           {"symbols", model.puzzle.symbols},
                                                           {"moves", model.puzzle.moves}};
  for (const auto& [key, value] : numbers) {
    const auto number = read_number(file, key, source);
    if (!number) return tl::unexpected(number.error());
    value = *number;
  }
  const auto spec = parse_config(file.metadata["network"], source, {}, describe_of(model.spec));
  if (!spec) return model::corrupt_model(source, spec.error().message);
  if (const auto ok = check(model.spec); !ok)
    return model::corrupt_model(source, ok.error().message);
  if (role != "puzzle_" + model.spec.values)
    return model::corrupt_model(source, "metadata 'role' and 'network' disagree");
  for (const char* key : {"role", "puzzle", "cells", "symbols", "moves", "network"})
    file.metadata.erase(key);
  model.metadata = std::move(file.metadata);
  return {};
}

// Before the flat vector is made: a small file cannot ask for much memory.
Status check_tensors(const model::TensorFile& file, const Layout& layout, std::string_view source) {
  Status status;
  for_each_tensor(layout, [&](const std::string& name, const Shape& shape, auto) {
    const auto found = file.tensors.find(name);
    if (!status) return;
    if (found == file.tensors.end())
      status = model::corrupt_model(source, fmt::format("tensor '{}' is missing", name));
    else if (found->second.shape != shape.extents)
      status = model::corrupt_model(source, fmt::format("tensor '{}' has the wrong shape", name));
  });
  return status;
}

std::string describe_shape(const PuzzleShape& shape) {
  return fmt::format("{} ({} cells, {} symbols, {} moves)", printable(shape.name), shape.cells,
                     shape.symbols, shape.moves);
}

// Of a checked file: the flat parameters.
Result<PuzzleModel> take_parameters(model::TensorFile& file, PuzzleModel model,
                                    const Layout& layout) {
  model.parameters.resize(layout.size());
  for_each_tensor(layout, [&](const std::string& name, const Shape& shape, auto place) {
    const std::vector<float>& data = file.tensors[name].data;
    for (std::size_t i = 0; i < shape.count; ++i) model.parameters[place(i)] = data[i];
  });
  return model;
}

Result<PuzzleModel> model_of(Result<model::TensorFile> file, std::string_view source) {
  if (!file) return tl::unexpected(file.error());
  PuzzleModel model;
  if (auto ok = read_description(*file, source, model); !ok) return tl::unexpected(ok.error());
  const Layout layout = layout_of(model.puzzle, model.spec);
  if (auto ok = check_tensors(*file, layout, source); !ok) return tl::unexpected(ok.error());
  return model::within_memory(source,
                              [&] { return take_parameters(*file, std::move(model), layout); });
}

}  // namespace

void PuzzleNetworkSpec::describe(FieldVisitor& v) {
  v.value(
      {.name = "values",
       .doc = "What the network estimates: q the cost of every move (one output per move), v the "
              "cost to go of a position (one output), qv both, V supporting Q while it learns",
       .choices = "q|v|qv"},
      values);
  v.value({"first", "Width of the one-hot layer, a multiple of 32", 32, 8192}, first);
  v.value({"second", "Width of the layers after it, a multiple of 32", 32, 8192}, second);
  v.value({"blocks", "Number of residual blocks, of two layers each", 0, 64}, blocks);
}

Status check(const PuzzleNetworkSpec& spec) {
  for (const auto& [name, width] : {std::pair{"first", spec.first}, {"second", spec.second}})
    if (width < 32 || width % 32 != 0)
      return fail(Errc::kConfig, fmt::format("network.{} = {} is not a multiple of 32; choose {}",
                                             name, width, (width + 31) / 32 * 32));
  return {};
}

PuzzleShape shape_of(const environment::Puzzle& puzzle) {
  const auto number = [](std::size_t n) { return static_cast<std::int64_t>(n); };
  return {std::string(puzzle.name()), number(puzzle.cells()), number(puzzle.symbols()),
          number(puzzle.moves())};
}

namespace {

std::int64_t outputs_of(const PuzzleShape& puzzle, const PuzzleNetworkSpec& spec) {
  if (spec.values == "v") return 1;
  return puzzle.moves + (spec.values == "qv" ? 1 : 0);
}

}  // namespace

mlp::Layout layout_of(const PuzzleShape& puzzle, const PuzzleNetworkSpec& spec) {
  const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  return mlp::Layout({size(puzzle.cells), size(puzzle.symbols), size(spec.first), size(spec.second),
                      size(spec.blocks), size(outputs_of(puzzle, spec))});
}

std::int64_t outputs_of(const PuzzleModel& model) { return outputs_of(model.puzzle, model.spec); }
void add_value(const Layout& layout, std::vector<float>& parameters) {
  const Layout::Dense& head = layout.output();
  const std::size_t moves = layout.sizes().outputs - 1;
  for (std::size_t m = 0; m < moves; ++m) {
    for (std::size_t i = 0; i < head.k; ++i)
      parameters[head.weight + m * head.k + i] += parameters[head.weight + moves * head.k + i];
    parameters[head.bias + m] += parameters[head.bias + moves];
  }
}
PuzzleModel without_value(PuzzleModel model) {
  if (model.spec.values != "qv") return model;
  add_value(layout_of(model.puzzle, model.spec), model.parameters);
  PuzzleModel q = model;
  q.spec.values = "q";
  const Layout from = layout_of(model.puzzle, model.spec), to = layout_of(q.puzzle, q.spec);
  q.parameters.assign(to.size(), 0.0F);
  const auto copy = [&](std::size_t source, std::size_t target, std::size_t n) {
    std::copy_n(&model.parameters[source], n, &q.parameters[target]);
  };
  const std::size_t moves = to.sizes().outputs;
  copy(0, 0, to.output().weight);
  copy(from.output().weight, to.output().weight, moves * to.output().k);
  copy(from.output().bias, to.output().bias, moves);
  return q;
}
std::int64_t parameters_of(const PuzzleModel& model) {
  return static_cast<std::int64_t>(layout_of(model.puzzle, model.spec).parameters());
}
double flops_of(const PuzzleModel& model) { return layout_of(model.puzzle, model.spec).flops(); }

PuzzleModel fresh_model(const environment::Puzzle& puzzle, const PuzzleNetworkSpec& spec,
                        std::uint64_t seed) {
  PuzzleModel model{shape_of(puzzle), spec, {}, {}};
  const auto parameters = mlp::initial_parameters(layout_of(model.puzzle, spec), seed);
  model.parameters.assign(parameters.get(), parameters.get() + parameters.size());
  return model;
}

std::string serialize(const PuzzleModel& model) {
  PuzzleNetworkSpec spec = model.spec;
  model::TensorFile file{model.metadata, {}};
  file.metadata["role"] = "puzzle_" + spec.values;
  file.metadata["puzzle"] = model.puzzle.name;
  file.metadata["cells"] = std::to_string(model.puzzle.cells);
  file.metadata["symbols"] = std::to_string(model.puzzle.symbols);
  file.metadata["moves"] = std::to_string(model.puzzle.moves);
  file.metadata["network"] = print_config(describe_of(spec));
  for_each_tensor(layout_of(model.puzzle, spec),
                  [&](const std::string& name, const Shape& shape, auto place) {
                    model::NamedTensor& tensor = file.tensors[name];
                    tensor.shape = shape.extents;
                    tensor.data.resize(shape.count);
                    for (std::size_t i = 0; i < shape.count; ++i)
                      tensor.data[i] = model.parameters[place(i)];
                  });
  return serialize(file);
}

Result<PuzzleModel> parse_puzzle_model(std::string_view bytes, std::string_view source) {
  return model_of(model::parse_tensors(bytes, source), source);
}

Status write_puzzle_model(const PuzzleModel& model, const std::string& path) {
  return write_file_atomically(path, serialize(model));
}

Result<PuzzleModel> read_puzzle_model(const std::string& path) {
  return model_of(model::read_tensors(path), path);
}

Status check_fits(const PuzzleModel& model, const environment::Puzzle& puzzle,
                  std::string_view source) {
  const PuzzleShape wanted = shape_of(puzzle);
  if (model.puzzle == wanted) return {};
  return fail(Errc::kConfig,
              fmt::format("{}: is a network for {}, not for {}; train or name one for this puzzle",
                          printable(source), describe_shape(model.puzzle), describe_shape(wanted)));
}

}  // namespace qstar::inference
