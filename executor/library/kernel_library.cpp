#include "executor/library/kernel_library.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "codegen/builtin_rules.hpp"
#include "codegen/vendor/vendor_target.hpp"
#include "db/launchables.hpp"
#include "executor/cpu_cores.hpp"
#include "executor/library/cpu_runtime.hpp"
#include "executor/library/cuda_runtime.hpp"
#include "executor/library/nearest.hpp"
#include "executor/library/store_file.hpp"
#include "executor/library/stored_code.hpp"
#include "executor/library/tensor_check.hpp"
#include "executor/library/this_device.hpp"
#include "recipes/operator_points.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

constexpr int kMostRelatives = 4096;  // rows of one structure
constexpr int kNearest = 16;          // of them that are estimated
constexpr std::size_t kMostAnswers = 1 << 16;

Dims base_of(const Operator& op, const Dims& all) {
  Dims base;
  for (const auto& [dim, extent] : op.base_dims())
    if (const auto found = all.find(dim); found != all.end()) base[dim] = found->second;
  return base;
}

// What SQLite and the recipes throw, as the library's statuses.
[[noreturn]] void pass_on(const Error& error) {
  const auto status = [&] {
    switch (error.kind()) {
      case ErrorKind::store: return PERFTUNE_BAD_STORE;
      case ErrorKind::unavailable: return PERFTUNE_NO_DEVICE;
      case ErrorKind::usage: return PERFTUNE_BAD_ARGUMENT;
      case ErrorKind::no_candidate: return PERFTUNE_NO_KERNEL;
      default: return PERFTUNE_INTERNAL;
    }
  };
  refuse(status(), error.what());
}

}  // namespace

class KernelLibrary::State {
 public:
  State(const std::string& path, LibraryOptions options)
      : options_(std::move(options)), file_(path), rows_(file_.database()), rules_(make_launch_rules()), code_(file_, rows_) {
    if (options_.device == PERFTUNE_CUDA) {
      CudaRuntime cuda = make_cuda_runtime(options_.driver_folders, options_.ordinal);
      runtime_ = std::move(cuda.runtime);
      gpu_ = std::move(cuda.gpu);
    } else {
      cores_ = count_cores();
      if (options_.threads <= 0) options_.threads = cores_;
      cores_ = std::min(cores_, options_.threads);
      runtime_ = make_cpu_runtime(options_.threads);
    }
    code_.use(runtime_, options_.trust, options_.compile, options_.nvrtc_folders);
    find_device();
    version_ = rows_.data_version();
  }

  using Answer = std::shared_ptr<const Found>;

  // `make` gives the operator; only called when `key` was never asked. What SQLite and the recipes throw
  // becomes the library's statuses.
  Answer answer(std::string key, perftune_policy policy, const std::function<Operator()>& make) try {
    key += policy == PERFTUNE_EXACT_ONLY ? "\1!" : "\1";
    {
      const std::shared_lock lock(answers_mutex_);
      if (const auto found = answers_.find(key); found != answers_.end()) return found->second;
    }
    const std::lock_guard store_lock(store_mutex_);
    refresh();
    Answer found = std::make_shared<const Found>(resolve(make(), policy));
    const std::unique_lock lock(answers_mutex_);
    if (answers_.size() >= kMostAnswers) answers_.clear();
    return answers_.emplace(std::move(key), std::move(found)).first->second;
  } catch (const Error& error) {
    pass_on(error);
  }

  // Operators tuned under a name, one per structure. Under store_mutex_.
  const std::vector<Operator>& named(const std::string& name) {
    auto& known = named_[name];
    if (!known.empty()) return known;
    for (const StoredOperator& stored : rows_.operators_named(name)) known.push_back(read(stored.definition));
    if (known.empty())
      refuse(PERFTUNE_NO_KERNEL, words("no operator '{}' was tuned into this store", name));
    return known;
  }

  Operator with_signature(const std::string& signature) {
    const auto stored = rows_.operator_with(signature);
    if (!stored || stored->definition.empty())
      refuse(PERFTUNE_NO_KERNEL, "no operator of this signature was tuned into this store");
    return read(stored->definition);
  }

  std::vector<std::string> names() try {
    const std::lock_guard lock(store_mutex_);
    refresh();
    return rows_.names();
  } catch (const Error& error) {
    pass_on(error);
  }

  const std::optional<ThisDevice>& device() const { return device_; }
  const std::shared_ptr<Runtime>& runtime() const { return runtime_; }

 private:
  static Operator read(const std::string& definition) {
    try {
      return read_definition(definition, "the store's definition");
    } catch (const Error& error) {
      refuse(PERFTUNE_STALE, error.what());
    }
  }

  void refresh() {
    file_.require_same();
    const std::int64_t now = rows_.data_version();
    if (now == version_) return;
    version_ = now;
    named_.clear();
    relatives_.clear();
    if (!device_) find_device();
  }

  void find_device() {
    device_ = options_.device == PERFTUNE_CUDA ? find_this_gpu(rows_.devices(), gpu_, no_device_)
                                               : find_this_cpu(rows_.devices(), cores_, no_device_);
  }

  struct Family {
    std::vector<Relative> winners, defaults;
    std::vector<std::pair<StoredRange, Dims>> ranges;
  };

  const Family& family(const Operator& op) {
    const auto [place, fresh] = relatives_.try_emplace(op.structure());
    Family& family = place->second;
    if (!fresh) return family;
    const auto with_dims = [&](std::vector<StoredChoice> choices) {
      std::vector<Relative> list;
      for (StoredChoice& choice : choices) {
        Dims dims = rows_.dims(choice.op);
        if (auto own = for_other_shapes(std::move(choice))) list.push_back({*std::move(own), std::move(dims)});
      }
      return list;
    };
    family.winners = with_dims(rows_.winners_like(place->first, device_->id, kMostRelatives));
    family.defaults = with_dims(rows_.defaults_like(place->first, device_->id, kMostRelatives));
    for (StoredRange& range : rows_.ranges_like(place->first, device_->id)) {
      Dims dims = rows_.dims(range.choice.op);
      auto own = for_other_shapes(std::move(range.choice));
      if (!own) continue;
      range.choice = *std::move(own);
      family.ranges.emplace_back(std::move(range), std::move(dims));
    }
    return family;
  }

  // The range that holds `op`: one dimension between its ends, all others as at the tuned point.
  std::optional<Relative> bucket(const Operator& op) {
    for (const auto& [range, dims] : family(op).ranges) {
      Dims there = base_of(op, dims);
      Dims here = op.base_dims();
      const auto dynamic = here.find(range.dim);
      if (dynamic == here.end() || dynamic->second < range.low || dynamic->second > range.high) continue;
      there[range.dim] = dynamic->second;
      if (there == here) return Relative{range.choice, dims};
    }
    return std::nullopt;
  }

  Found resolve(const Operator& op, perftune_policy policy) {
    if (!device_) refuse(PERFTUNE_NO_KERNEL, no_device_);
    std::string signature = op.signature();
    std::optional<std::string> not_here;
    if (const auto choice = rows_.winner(signature, device_->id, options_.threads);
        choice && (policy == PERFTUNE_ANY || device_->same_model)) {
      not_here = device_->foreign ? why_illegal(op, TileProgram::parse(choice->program)) : std::nullopt;
      if (!not_here) return exact(op, *choice, policy);
      not_here = words("the winner '{}' is not for {}: {}", choice->program, device_->hardware.arch, *not_here);
    }
    if (policy == PERFTUNE_EXACT_ONLY)
      refuse(PERFTUNE_MISS, words("{} at {} was not tuned on {}", op.name, dims_words(op.base_dims()),
                                        device_->same_model ? device_->hardware.name
                                                            : "this device (the store's is another model)"));
    if (const auto range = bucket(op))
      if (auto found = try_relative(op, *range, PERFTUNE_HIT_BUCKET)) return *std::move(found);
    const Family& relatives = family(op);
    const auto winners = estimate_relatives(op, relatives.winners, rules_, device_->hardware, kNearest);
    const auto defaults = estimate_relatives(op, relatives.defaults, rules_, device_->hardware, kNearest);
    const double limit = defaults.empty() ? HUGE_VAL : defaults.front().us;
    for (const Estimated& estimated : winners)
      if (estimated.us <= limit)
        if (auto found = try_relative(op, *estimated.relative, PERFTUNE_HIT_NEAREST)) return *std::move(found);
    // Correct, whatever their speed: defaults first, then any kernel that is legal here.
    for (const auto* list : {&defaults, &winners})
      for (const Estimated& estimated : *list)
        if (auto found = try_relative(op, *estimated.relative, PERFTUNE_HIT_DEFAULT)) return *std::move(found);
    if (not_here) refuse(PERFTUNE_WRONG_ARCHITECTURE, *not_here);
    refuse(PERFTUNE_NO_KERNEL,
           words("no stored kernel computes {} at {} on {}; tune it, or a shape near it", op.name,
                       dims_words(op.base_dims()), device_->hardware.name));
  }

  Found exact(const Operator& op, const StoredChoice& choice, perftune_policy policy) {
    Found found = describe(op, choice, PERFTUNE_HIT_EXACT, op.base_dims(), choice.us);
    if (!calls_vendor(choice)) {
      found.kernel = bind(op, choice, true);
      return found;
    }
    try {
      found.kernel = bind(op, choice, true);
      return found;
    } catch (const StatusError& error) {
      const std::string why = words("the winner '{}' cannot be called: {}", choice.program, error.what());
      const auto own = policy == PERFTUNE_EXACT_ONLY ? std::nullopt : rows_.runner_up(choice.op, device_->id);
      if (!own) refuse(policy == PERFTUNE_EXACT_ONLY ? PERFTUNE_MISS : error.status(), why);
      found = describe(op, *own, PERFTUNE_HIT_RUNNER_UP, op.base_dims(), own->us);
      found.note = why;
      found.kernel = bind(op, *own, true);
      return found;
    }
  }

  static bool calls_vendor(const StoredChoice& choice) { return is_vendor(TileProgram::parse(choice.program).target); }

  // What serves other shapes where `choice` does at its own: never a vendor's.
  std::optional<StoredChoice> for_other_shapes(StoredChoice choice) {
    if (!calls_vendor(choice)) return choice;
    return rows_.runner_up(choice.op, device_->id);
  }

  Found describe(const Operator& op, const StoredChoice& choice, perftune_hit hit, Dims tuned_at, double estimate) {
    Found found;
    found.hit = hit;
    found.measured = choice.basis == Basis::measured;
    found.stored_us = choice.us;
    found.estimated_us = estimate;
    found.signature = op.signature();
    found.program = choice.program;
    found.kernel_id = choice.kernel;
    found.tuned_on = device_->hardware.name;
    found.tuned_at = std::move(tuned_at);
    found.same_device = device_->same_model;
    return found;
  }

  std::optional<Found> try_relative(const Operator& op, const Relative& relative, perftune_hit hit) {
    const TileProgram program = TileProgram::parse(relative.choice.program);
    const LaunchRules* rules = find_rules(rules_, program);
    if (rules == nullptr || rules->illegal(op, program, device_->hardware)) return std::nullopt;
    auto kernel = bind(op, relative.choice, false);
    if (!kernel) return std::nullopt;
    Found found = describe(op, relative.choice, hit, base_of(op, relative.dims),
                           estimate_us(op, relative, *rules, program, device_->hardware));
    found.kernel = std::move(kernel);
    return found;
  }

  std::optional<std::string> why_illegal(const Operator& op, const TileProgram& program) const {
    const LaunchRules* rules = find_rules(rules_, program);
    return rules == nullptr ? "no rules for it" : rules->illegal(op, program, device_->hardware);
  }

  // nullptr where `must` is false and the stored kernel is not this operator's at this shape.
  std::shared_ptr<const BoundKernel> bind(const Operator& op, const StoredChoice& choice, bool must) {
    const TileProgram program = TileProgram::parse(choice.program);
    if (const auto wrong = why_illegal(op, program)) {
      if (!must) return nullptr;
      refuse(PERFTUNE_STALE, words("the winner '{}' is not legal for this version: {}", choice.program, *wrong));
    }
    Launch launch = find_rules(rules_, program)->bind(op, program, device_->hardware);
    Kernel kernel;
    kernel.program = program;
    kernel.arguments = launch.arguments;
    std::shared_ptr<void> code = code_.load(choice.build, op.structure(), device_->hardware, kernel, must);
    if (!code) return nullptr;
    return std::make_shared<BoundKernel>(op, std::move(kernel), std::move(launch), runtime_, std::move(code));
  }

  LibraryOptions options_;
  StoreFile file_;
  Launchables rows_;
  const LaunchRulesList rules_;
  StoredCode code_;
  std::shared_ptr<Runtime> runtime_;
  std::optional<ThisDevice> device_;
  std::string no_device_;
  PresentGpu gpu_;  // of a CUDA library
  int cores_ = 0;   // of a CPU one, as many as are used
  std::int64_t version_ = 0;

  std::mutex store_mutex_;  // everything above that changes, and below up to the answers
  std::map<std::string, std::vector<Operator>> named_;
  std::map<std::string, Family> relatives_;  // by structure

  std::shared_mutex answers_mutex_;
  std::unordered_map<std::string, Answer> answers_;
};

namespace {

const Operator& with_dtype(const std::vector<Operator>& candidates, const std::string& dtype) {
  const Operator* match = nullptr;
  std::string types;
  for (const Operator& op : candidates) {
    const std::vector<int> order = argument_order(op);
    const std::string_view type = name(op.tensors[static_cast<std::size_t>(order.front())].type);
    types += words("{}{}", types.empty() ? "" : ", ", type);
    if (!dtype.empty() && type != dtype) continue;
    if (match != nullptr)
      refuse(PERFTUNE_BAD_ARGUMENT, words("several operators are called '{}' (first inputs: {}...); give dtype, "
                                                "tensors or a signature", op.name, types));
    match = &op;
  }
  if (match == nullptr)
    refuse(PERFTUNE_NO_KERNEL, words("'{}' was not tuned for {}; it was for {}",
                                           candidates.front().name, dtype, types));
  return *match;
}

}  // namespace

KernelLibrary::KernelLibrary(const std::string& path, LibraryOptions options) try
    : state_(std::make_unique<State>(path, std::move(options))) {
} catch (const Error& error) {
  pass_on(error);
}
KernelLibrary::~KernelLibrary() = default;

std::shared_ptr<const Found> KernelLibrary::find(const Operator& op, perftune_policy policy) {
  return state_->answer("=" + op.signature(), policy, [&] { return op; });
}

std::shared_ptr<const Found> KernelLibrary::find_signature(const std::string& signature, perftune_policy policy) {
  return state_->answer("=" + signature, policy, [&] { return state_->with_signature(signature); });
}

std::shared_ptr<const Found> KernelLibrary::find(const std::string& name, const Dims& dims, const std::string& dtype,
                                                 perftune_policy policy) {
  const auto make = [&] {
    const Operator& op = with_dtype(state_->named(name), dtype);
    for (const auto& [dim, extent] : op.base_dims())
      if (!dims.contains(dim)) refuse(PERFTUNE_BAD_ARGUMENT, words("{} needs the dimension '{}'", name, dim));
    return op.rebind(dims);
  };
  return state_->answer(words("{}\1{}\1{}", name, dtype, dims_words(dims)), policy, std::ref(make));
}

std::shared_ptr<const Found> KernelLibrary::find(const std::string& name, std::span<const TensorArgument> tensors,
                                                 Dims dims, const std::string& dtype, perftune_policy policy) {
  std::string key = words("{}\1{}\1{}\2", name, dtype, dims_words(dims));
  for (const TensorArgument tensor : tensors) {
    if (tensor == nullptr || (tensor->ndim > 0 && tensor->shape == nullptr))
      refuse(PERFTUNE_BAD_ARGUMENT, "a tensor without a shape");
    key += words("{}.{}[", int{tensor->dtype.code}, int{tensor->dtype.bits});
    for (int d = 0; d < tensor->ndim; ++d) key += words("{},", tensor->shape[d]);
  }
  const auto make = [&] {
    std::vector<Operator> fitting;
    for (const Operator& op : state_->named(name))
      if (same_kind(op, tensors)) fitting.push_back(op);
    if (fitting.empty())
      refuse(PERFTUNE_BAD_SHAPE, words("no operator '{}' of this store takes tensors of this number, these "
                                       "types and ranks", name));
    const Operator& op = with_dtype(fitting, dtype);
    if (auto wrong = read_dims(op, tensors, dims)) throw StatusError(*wrong);
    for (const auto& [dim, extent] : op.base_dims())
      if (!dims.contains(dim))
        refuse(PERFTUNE_BAD_ARGUMENT, words("no tensor shows the dimension '{}' of {}: give it", dim, name));
    return op.rebind(dims);
  };
  return state_->answer(std::move(key), policy, std::ref(make));
}

const Hardware* KernelLibrary::hardware() const {
  return state_->device() ? &state_->device()->hardware : nullptr;
}
const std::shared_ptr<Runtime>& KernelLibrary::runtime() const { return state_->runtime(); }
std::vector<std::string> KernelLibrary::names() { return state_->names(); }

}  // namespace perftune
