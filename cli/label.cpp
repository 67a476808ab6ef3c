#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <istream>
#include <limits>
#include <map>
#include <set>
#include <span>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/interruptible.hpp"
#include "cli/label_dialogue.hpp"
#include "cli/number_options.hpp"
#include "cli/option_values.hpp"
#include "cli/output.hpp"
#include "core/files.hpp"
#include "core/printable.hpp"
#include "data/attempt.hpp"
#include "persistence/store.hpp"

namespace qstar::cli {
namespace {

struct LabelCommand {
  std::string run, out;
  std::uint64_t first = 0;
  bool steps = false, rankings = false;
};

// The file of labels, written line by line, so that what was answered is kept whatever comes next.
class LabelWriter {
 public:
  static Result<LabelWriter> open(const std::string& path) {
    LabelWriter writer;
    writer.file_ = append_lines(path);
    writer.path_ = path;
    if (!writer.file_)
      return fail(Errc::kIo, fmt::format("cannot write the label file '{}': {}", printable(path),
                                         std::strerror(errno)));
    return writer;
  }
  Status write(const std::string& line) {
    file_ << line << std::flush;
    if (file_) return {};
    return fail(errno == ENOSPC ? Errc::kDiskFull : Errc::kIo,
                fmt::format("cannot write the label file '{}': {}", printable(path_),
                            std::strerror(errno)));
  }

 private:
  std::ofstream file_;
  std::string path_;
};

// What a question is about: work by its text, so that the same work is judged once.
std::string subject_of(const std::string& problem, std::span<const std::string> steps) {
  return prompt_of(problem, steps);
}
std::string subject_of(const Trajectory& attempt) {
  std::vector<std::string> steps;
  for (const Step& step : attempt.steps) steps.push_back(step.text);
  return subject_of(attempt.problem, steps);
}
std::string subject_of(std::uint64_t group) { return fmt::format("group {}", group); }
std::string subject_of(const Ranking& ranking) {
  return subject_of(ranking.attempts.front().id.group);
}

// Attempts with steps, each text once.
std::vector<const Trajectory*> distinct(const AttemptGroup& group) {
  std::vector<const Trajectory*> attempts;
  std::set<std::string> seen;
  for (const auto& attempt : group.attempts) {
    if (!attempt.steps.empty() && seen.insert(subject_of(attempt)).second)
      attempts.push_back(&attempt);
  }
  return attempts;
}

// Opening a file to add to it makes one, also when nothing is added.
void remove_if_empty(const std::string& path) {
  std::error_code error;
  if (std::filesystem::file_size(path, error) == 0 && !error) std::filesystem::remove(path, error);
}

// Asks about the store's attempts group by group, until there are no more or the person stops.
class Labelling {
 public:
  Labelling(const LabelCommand& command, const persistence::Store& store, Stop stop)
      : command_(command),
        store_(store),
        stop_(std::move(stop)),
        input_(InterruptibleInput::standard_input(stop_)),
        in_(input_.get()) {}

  int run() {
    const auto labels = command_.out.empty() ? default_file() : command_.out;
    if (auto known = command_.steps ? read<RatedWork>(labels, read_step_labels)
                                    : read<Ranking>(labels, read_rankings);
        !known)
      return report_error(known.error());
    auto writer = LabelWriter::open(labels);
    if (!writer) return report_error(writer.error());
    const auto asked = ask(*writer);
    remove_if_empty(labels);
    if (!asked) return report_error(asked.error());
    fmt::print("\n{} labelled now, {} before, in {}\n", labelled_ - before_, before_,
               printable(labels));
    if (input_->status() && !stop_()) return 0;
    if (!stop_()) return report_error(input_->status().error());
    return report_error({Errc::kInterrupted, "interrupted: what was answered is in the file"});
  }

 private:
  std::string default_file() const {
    return command_.run + (command_.steps ? "/step_labels.jsonl" : "/rankings.jsonl");
  }

  Status ask(LabelWriter& writer) {
    const auto ids = store_.group_ids();
    if (!ids) return tl::unexpected(ids.error());
    for (const auto id : *ids) {
      if (stop_()) break;
      if (id < command_.first) continue;
      const auto group = store_.get(id);
      if (!group && group.error().code == Errc::kMissingFile) continue;  // evicted since
      if (!group) return tl::unexpected(group.error());
      const auto more = command_.steps ? steps_of(*group, writer) : ranking_of(*group, writer);
      if (!more) return tl::unexpected(more.error());
      if (!*more) break;
    }
    return {};
  }

  // Notes the labels that are in the file already; names the lines that are left out.
  template <class Record, class Reader>
  Status read(const std::string& path, Reader reader) {
    std::error_code unreadable;
    const auto status = std::filesystem::status(path, unreadable);
    if (status.type() == std::filesystem::file_type::not_found) return {};
    if (unreadable)
      return fail(Errc::kIo, fmt::format("cannot read the label file '{}': {}", printable(path),
                                         unreadable.message()));
    if (!std::filesystem::is_regular_file(status))
      return fail(Errc::kUsage, fmt::format("'{}' is not a regular file: labels are read from it "
                                            "and added to it; give another --out",
                                            printable(path)));
    const auto file = reader(path, [this](const TrajectoryId& id) { return find(id); });
    if (!file) return tl::unexpected(file.error());
    for (const auto& record : file->records) note(record);
    before_ = labelled_;
    for (const auto& skipped : file->skipped)
      write_text(stderr, fmt::format("qstar: left out: {}\n", printable(skipped)));
    return {};
  }

  std::optional<Trajectory> find(const TrajectoryId& id) const {
    const auto group = store_.get(id.group);
    if (!group) return std::nullopt;
    for (const auto& attempt : group->attempts) {
      if (attempt.id == id) return attempt;
    }
    return std::nullopt;
  }

  void note(const Ranking& ranking) {
    done_.insert(subject_of(ranking));
    ++labelled_;
  }
  void note(const RatedWork& work) {
    for (std::size_t i = 0; i < work.steps.size(); ++i)
      if (work.ratings[i])
        ratings_[subject_of(work.problem, std::span(work.steps).first(i + 1))] = *work.ratings[i];
    ++labelled_;
  }

  // What was said of the last of these steps, the others standing before it.
  std::optional<int> rating_of(const std::string& problem,
                               std::span<const std::string> steps) const {
    const auto found = ratings_.find(subject_of(problem, steps));
    return found == ratings_.end() ? std::nullopt : std::optional(found->second);
  }
  // Whether there is nothing more to be asked: a step is known to be wrong, or every step is known.
  bool is_rated(const Trajectory& attempt) const {
    std::vector<std::string> steps;
    bool all = true;
    for (const Step& step : attempt.steps) {
      steps.push_back(step.text);
      const auto rating = rating_of(attempt.problem, steps);
      if (rating == -1) return true;
      all = all && rating;
    }
    return all;
  }

  // Gives whether to ask more.
  template <class Record>
  Result<bool> keep(const Answer<Record>& answer, LabelWriter& writer) {
    if (!answer.record) return !answer.stop;
    if (auto kept = writer.write(to_line(*answer.record)); !kept)
      return tl::unexpected(kept.error());
    note(*answer.record);
    return !answer.stop;
  }

  Result<bool> steps_of(const AttemptGroup& group, LabelWriter& writer) {
    for (const Trajectory* attempt : distinct(group)) {
      if (is_rated(*attempt)) continue;
      const auto known = [&](std::span<const std::string> steps) {
        return rating_of(attempt->problem, steps);
      };
      auto more = keep(ask_for_ratings(in_, std::cout, *attempt, known), writer);
      if (!more || !*more) return more;
    }
    return true;
  }

  Result<bool> ranking_of(const AttemptGroup& group, LabelWriter& writer) {
    const auto attempts = distinct(group);
    if (attempts.size() < 2 || done_.count(subject_of(group.group)) > 0) return true;
    return keep(ask_for_ranking(in_, std::cout, attempts), writer);
  }

  const LabelCommand& command_;
  const persistence::Store& store_;
  const Stop stop_;
  const std::unique_ptr<InterruptibleInput> input_;
  std::istream in_;
  std::set<std::string> done_;          // rankings' subjects
  std::map<std::string, int> ratings_;  // of a step, by the work down to it
  std::size_t labelled_ = 0, before_ = 0;
};

int label(const LabelCommand& command) {
  const auto store =
      persistence::Store::open(command.run + "/store", persistence::Store::Mode::kRead);
  if (!store) return report_error(store.error());
  return Labelling(command, *store, stop_on_interrupt()).run();
}

}  // namespace

void add_label(CLI::App& app, int& code) {
  auto* command = app.add_subcommand(
      "label",
      "Label a run's attempts by hand, for reward models; resumes where the last session ended\n\n"
      "  qstar label runs/quickstart-seed1 --steps\n"
      "  qstar label runs/quickstart-seed1 --rankings --out mine.jsonl --from 1000");
  auto words = std::make_shared<LabelCommand>();
  command->add_option("run", words->run, "Folder of the run whose attempts are labelled (required)")
      ->required()
      ->type_name(placeholder::kFolder);
  auto* kind = command->add_option_group("kind", "What to label");
  kind->add_flag("--steps", words->steps, "Rate every step as right, neutral or wrong");
  kind->add_flag("--rankings", words->rankings,
                 "Rank the attempts at each problem from best to worst");
  kind->require_option(1);
  command
      ->add_option("--out", words->out,
                   "File of JSON lines that labels are read from and added to (default: "
                   "step_labels.jsonl or rankings.jsonl in the run's folder)")
      ->type_name(placeholder::kFile);
  command->add_option("--from", words->first, "Number of the first group to label (default 0)")
      ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()));
  command->callback([words, &code] { code = label(*words); });
}

}  // namespace qstar::cli
