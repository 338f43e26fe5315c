// `perftune explain FILE|KERNEL`: why a program looks as it does, where its time goes, what would
// help.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/hardware_choice.hpp"
#include "cli/json_text.hpp"
#include "cli/kernel_lookup.hpp"
#include "cli/next_changes.hpp"
#include "cli/render.hpp"
#include "cli/text_table.hpp"
#include "cli/wire.hpp"
#include "codegen/vendor/vendor_target.hpp"
#include "recipes/error.hpp"
#include "recipes/operator_file.hpp"
#include "tuner/kernel_plan.hpp"
#include "tuner/rank.hpp"

namespace perftune {
namespace {

struct ExplainOptions {
  std::string subject;
  std::string program;  // explain this one instead of the best
  std::string database;
  HardwareChoice hardware;
  bool json = false;
};

Ranked& choose(Ranking& ranking, const std::string& program_text) {
  if (program_text.empty()) return ranking.candidates.front();
  const TileProgram program = TileProgram::parse(program_text);
  for (auto& candidate : ranking.candidates)
    if (candidate.program == program) return candidate;
  throw Error(ErrorKind::usage, "the constructor does not propose '" + program_text +
                                    "' for this operator; see `perftune tune --json` for those it does");
}

std::string rules_text(const Ranked& candidate) {
  TextTable table({"knob", "rule", "because"});
  for (const auto& rule : candidate.rules) table.add({rule.knob, rule.rule, rule.reason});
  return table.text();
}

std::string breakdown_text(const Prediction& prediction) {
  TextTable table({"stage", ">alone", ">share", ""});
  for (const auto& stage : prediction.breakdown)
    table.add({stage.stage, format_time(stage.us),
               fmt::format("{:.0f} %", 100 * stage.us / prediction.us),
               stage.stage == prediction.limiter ? "<- limiter"
               : stage.overlapped                ? "overlapped"
                                                 : "adds"});
  return table.text();
}

std::string changes_text(const Ranking& ranking, const Ranked& candidate) {
  TextTable table({"change", ">predicted", ">"});
  const double now = candidate.prediction.us;
  for (const NextChange& c : next_changes(ranking, candidate))
    table.add({c.what, format_time(c.us), fmt::format("{:+.1f} %", 100 * (c.us / now - 1))});
  return table.text();
}

nlohmann::json changes_json(const Ranking& ranking, const Ranked& candidate) {
  nlohmann::json list = nlohmann::json::array();
  for (const NextChange& c : next_changes(ranking, candidate))
    list.push_back({{"change", c.what}, {"predicted_us", c.us}, {"possible", c.possible},
                    {"relative", c.us / candidate.prediction.us - 1}});
  return list;
}

// Which family took the operator, and why the others did not.
std::string families_text(const Ranking& ranking, const Ranked& candidate) {
  TextTable table({"family", "target", ""});
  table.add({candidate.program.family, candidate.program.target, "takes it"});
  for (const auto& declined : ranking.declined) table.add({declined.family, declined.target, declined.why});
  return table.text();
}

nlohmann::json families_json(const Ranking& ranking, const Ranked& candidate) {
  nlohmann::json list = nlohmann::json::array();
  list.push_back({{"family", candidate.program.family}, {"target", candidate.program.target}, {"takes_it", true}});
  for (const auto& declined : ranking.declined)
    list.push_back({{"family", declined.family}, {"target", declined.target}, {"takes_it", false}, {"why", declined.why}});
  return list;
}

std::string split_text(const Operator& op, const Hardware& hardware, const KernelPlan& plan) {
  std::string out = operator_heading(op, hardware);
  out += fmt::format("\n{} kernels, predicted {} together; no family takes it whole: {}\n\n", plan.parts.size(),
                     format_time(plan.predicted_us()), plan.why_split);
  TextTable table({"kernel", "reads", "writes", ">predicted", "program"});
  const auto names = [](const Operator& part, const std::vector<int>& tensors) {
    std::string text;
    for (const int t : tensors) text += (text.empty() ? "" : ", ") + part.tensors[static_cast<std::size_t>(t)].name;
    return text;
  };
  for (const KernelPlan::Part& part : plan.parts) {
    const Ranked& best = part.ranking.candidates.front();
    table.add({part.op.name, names(part.op, part.op.inputs()), names(part.op, part.op.outputs()),
               format_time(best.prediction.us), best.program.text()});
  }
  return out + table.text() + "\n";
}

// What stands between a contraction and its pipe's peak, beside the stages.
std::string ceiling_text(const Operator& op, const Hardware& hardware, const Prediction& p) {
  if (p.peak_tflops <= 0 || p.clock_ghz <= 0) return "";
  std::string out = fmt::format("of peak    {:.0f} % of {:.4g} TFLOP/s; {:.2f} GHz of {:.2f}{}",
                                100 * op.flops() / p.us * 1e-6 / p.peak_tflops, p.peak_tflops, p.clock_ghz,
                                hardware.boost_ghz, p.clock_ghz < 0.999 * hardware.boost_ghz
                                    ? fmt::format(" keeps within {:.0f} W", hardware.power_watts) : "");
  if (p.padding > 1.005) out += fmt::format("; {:.0f} % more is computed than asked for", 100 * (p.padding - 1));
  return out + "\n";
}

// "measured" and "winner" lines: what the store knows of this program and of a better one.
std::string stored_text(const std::optional<ProgramTime>& time, const std::optional<WinnerRecord>& winner,
                        const Ranked& candidate) {
  std::string out;
  if (time)
    out += fmt::format("measured   {}  ({:+.0f} % of the prediction; {})\n", format_time(time->us),
                       100 * (time->us / candidate.prediction.us - 1), time->policy);
  if (winner && winner->kernel.program != candidate.program.text())
    out += fmt::format("winner     another: {}, {} measured; `perftune explain {}` explains it\n", winner->kernel.id,
                       format_time(*winner->measured_us), winner->kernel.id);
  return out;
}

std::string render(const Operator& op, const Hardware& hardware, const Ranking& ranking,
                   const Ranked& candidate, StoredTimes& stored) {
  const Prediction& p = candidate.prediction;
  std::string out = operator_heading(op, hardware);
  out += fmt::format("\nprogram    {}\n           rank {} of {} constructed\n", candidate.program.text(),
                     &candidate - ranking.candidates.data() + 1, ranking.candidates.size());
  const auto time = stored.time(op, hardware, candidate.program);
  out += fmt::format("predicted  {}  (90 % between {} and {}){}\n", format_time(p.us),
                     format_time(p.low_us), format_time(p.high_us), time ? "" : "; not measured");
  out += stored_text(time, stored.winner(op, hardware), candidate);
  out += fmt::format("rate       {:.3g} TFLOP/s, {:.0f} GB/s of compulsory traffic{}\n",
                     op.flops() / p.us * 1e-6, op.compulsory_bytes() / p.us * 1e-3, time ? ", as predicted" : "");
  out += fmt::format("occupancy  {:.0f} %, {:.2f} waves, {}{} registers, {} of shared memory\n",
                     100 * p.occupancy, p.waves, stored.resources(op, hardware, candidate.program) ? "" : "~",
                     candidate.estimate.registers,
                     format_bytes(static_cast<double>(candidate.estimate.shared_bytes)));
  out += ceiling_text(op, hardware, p);
  out += "\nWhich family\n" + families_text(ranking, candidate);
  out += "\nWhy this shape\n" + rules_text(candidate);
  out += "\nWhere the time goes (each stage as if alone)\n" + breakdown_text(p);
  out += fmt::format("\nlimited by {}; {}\n", p.limiter, p.advice);
  out += "\nWhat other programs of ours, and the next limit, would bring\n" + changes_text(ranking, candidate);
  return out;
}

// A vendor's kernel has neither rules nor a model: what is known is how it is called.
void explain_vendor(const Operator& op, const Hardware& hardware, const TileProgram& program, StoredTimes& stored, bool json,
                    Context& context) {
  const VendorTarget* const vendor = find_vendor(program.target);
  const std::string library = fmt::format("{} {}", vendor == nullptr ? program.target : vendor->name,
                                          version_text(program.get("version", 0)));
  const auto time = stored.time(op, hardware, program);
  if (!json) {
    context.print(operator_heading(op, hardware));
    return context.print(fmt::format("\nprogram    {}\n           a routine of {}: no rules of ours made it, and no model "
                                     "looks into it;\n           `perftune explain FILE` explains our own best\n{}",
                                     program.text(), library,
                                     time ? fmt::format("measured   {}  ({})\n", format_time(time->us), time->policy) : ""));
  }
  const nlohmann::json none = nlohmann::json::array();
  const nlohmann::json result{{"operator", op.name}, {"signature", op.signature()}, {"dims", op.base_dims()},
                              {"hardware", hardware.name}, {"program", program.text()}, {"library", library},
                              {"flops", op.flops()}, {"compulsory_bytes", op.compulsory_bytes()}, {"rules", none},
                              {"prediction", nullptr}, {"measured_us", time ? nlohmann::json(time->us) : nlohmann::json()}, {"families", none}, {"changes", none}};
  context.print(json_text(nlohmann::json{{"schema", "perftune.explain/1"}, {"results", {result}}}));
}

void explain(const ExplainOptions& options, Context& context) {
  const Slices slices = make_slices();
  ExplainedSubject subject = find_subject(options.subject, options.database, context);
  const Hardware hardware =
      subject.hardware ? *subject.hardware : options.hardware.resolve(context);
  StoredTimes stored(options.database.empty() ? context.database_default : options.database, context);
  const std::string program = subject.program.empty() ? options.program : subject.program;
  if (const auto found = subject.program.empty() ? TileProgram{} : TileProgram::parse(program); is_vendor(found.target))
    return explain_vendor(subject.points.front().op, hardware, found, stored, options.json, context);
  nlohmann::json documents = nlohmann::json::array();
  for (const auto& point : subject.points) {
    KernelPlan plan = plan_kernels(point.op, hardware, slices);
    if (plan.parts.empty()) throw Error(ErrorKind::no_candidate, plan.why_not);
    if (plan.split() && !options.json) context.print(split_text(point.op, hardware, plan));
    for (KernelPlan::Part& part : plan.parts) {
      Ranked& candidate = choose(part.ranking, program);
      const auto compiled = stored.resources(part.op, hardware, candidate.program);
      if (compiled) {  // as tune and query predict it: with what the compiler made of it
        candidate.estimate = *compiled;
        candidate.prediction = predict_one(part.op, hardware, slices, candidate.program, *compiled);
      }
      if (options.json) {
        documents.push_back(explanation_json(part.op, hardware, candidate));
        if (plan.split()) documents.back()["part_of"] = point.op.name;
        documents.back()["families"] = families_json(part.ranking, candidate);
        const auto time = stored.time(part.op, hardware, candidate.program);
        documents.back()["registers"] = compiled ? nlohmann::json(compiled->registers) : nlohmann::json();
        documents.back()["measured_us"] = time ? nlohmann::json(time->us) : nlohmann::json();
        const auto winner = stored.winner(part.op, hardware);
        documents.back()["winner"] = winner ? nlohmann::json(winner->kernel.id) : nlohmann::json();
        documents.back()["changes"] = changes_json(part.ranking, candidate);
      } else {
        context.print(render(part.op, hardware, part.ranking, candidate, stored) + "\n");
      }
    }
  }
  if (options.json)
    context.print(json_text(nlohmann::json{{"schema", "perftune.explain/1"}, {"results", documents}}));
}

}  // namespace

void add_explain(CLI::App& app, Context& context) {
  auto options = std::make_shared<ExplainOptions>();
  auto* command = app.add_subcommand("explain", "Rules, time by stage, limiter and what would help");
  command->add_option("subject", options->subject, "Operator file, or a kernel id of the store")
      ->required();
  command->add_option("--program", options->program, "Explain this tile program, not the best");
  command->add_option("--db", options->database, "Store of kernel ids and measured times (default $PERFTUNE_DB)");
  add_json_option(*command, options->json);
  options->hardware.add_options(*command);
  command->callback([options, &context] { explain(*options, context); });
}

}  // namespace perftune
