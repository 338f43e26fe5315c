#include "costmodel/learned_state.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "costmodel/features.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

constexpr std::string_view kMagic = "perftune-learned-model 3";
constexpr std::size_t kMostFeatures = 1000, kMostMembers = 100, kMostHidden = 1000,
                      kMostScopes = 100000;

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorKind::usage, "learned model: " + why + "; train it again");
}

class Writer {
 public:
  void line(std::string_view text) { text_ += fmt::format("{}\n", text); }
  void number(double value) { text_ += fmt::format("{:a}\n", value); }
  void count(std::uint64_t value) { text_ += fmt::format("{}\n", value); }
  std::string finish() {
    text_ += fmt::format("hash {:016x}\n", fnv1a(text_.data(), text_.size(), kFnvOffset));
    return std::move(text_);
  }

 private:
  std::string text_;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::string_view line() {
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) refuse("the file is cut short");
    const std::string_view out = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return out;
  }
  double number() {
    std::string_view text = line();
    const bool negative = !text.empty() && text.front() == '-';
    if (negative) text.remove_prefix(1);
    if (text.starts_with("0x")) text.remove_prefix(2);
    double value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::hex);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
      refuse("a number cannot be read");
    return negative ? -value : value;
  }
  std::uint64_t count() {
    const std::string_view text = line();
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) refuse("a count cannot be read");
    return value;
  }
  std::size_t count_below(std::size_t most) {
    const std::uint64_t value = count();
    if (value == 0 || value > most) refuse("a count is out of range");
    return static_cast<std::size_t>(value);
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// The text before the hash line, which must be the hash of it.
std::string_view checked_body(std::string_view text) {
  const std::size_t at = text.rfind("hash ");
  if (at == std::string_view::npos || at == 0 || text[at - 1] != '\n') refuse("the file is cut short");
  const std::string_view body = text.substr(0, at);
  if (text.substr(at) != fmt::format("hash {:016x}\n", fnv1a(body.data(), body.size(), kFnvOffset)))
    refuse("its content does not match its hash");
  return body;
}

}  // namespace

std::uint64_t fnv1a(const void* data, std::size_t size, std::uint64_t hash) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  for (std::size_t i = 0; i < size; ++i) hash = (hash ^ bytes[i]) * 1099511628211ULL;
  return hash;
}

std::string write_state(const LearnedState& s) {
  Writer out;
  out.line(kMagic);
  out.count(kFeatureVersion);
  out.count(s.mean.size());
  for (const double v : s.mean) out.number(v);
  for (const double v : s.scale) out.number(v);
  for (const double v : {s.target_mean, s.target_scale, s.noise, s.sigma_factor, s.coverage}) out.number(v);
  out.count(s.data_hash);
  out.count(s.scopes.size());
  for (const LearnedModel::Scope& scope : s.scopes) {
    out.line(scope.name);
    out.count(scope.rows);
    out.number(scope.sigma_factor);
    out.number(scope.trust);
  }
  out.count(s.members.size());
  for (const Network& net : s.members) {
    out.count(static_cast<std::uint64_t>(net.hidden));
    out.count(static_cast<std::uint64_t>(net.hidden2));
    for (const float v : net.weights) out.number(static_cast<double>(v));
  }
  return out.finish();
}

LearnedState read_state(std::string_view text) {
  if (!text.starts_with(kMagic)) refuse("this is not one, or not of this version");
  Reader in(checked_body(text));
  in.line();
  if (const std::uint64_t version = in.count(); version != kFeatureVersion)
    refuse(fmt::format("it was trained on version {} of the features, this is version {}", version, kFeatureVersion));
  LearnedState s;
  const std::size_t features = in.count_below(kMostFeatures);
  for (std::size_t i = 0; i < features; ++i) s.mean.push_back(in.number());
  for (std::size_t i = 0; i < features; ++i) s.scale.push_back(in.number());
  for (double* v : {&s.target_mean, &s.target_scale, &s.noise, &s.sigma_factor, &s.coverage}) *v = in.number();
  s.data_hash = in.count();
  const std::size_t scopes = in.count_below(kMostScopes);
  for (std::size_t i = 0; i < scopes; ++i) {
    LearnedModel::Scope scope;
    scope.name = in.line();
    scope.rows = in.count();
    scope.sigma_factor = in.number();
    scope.trust = in.number();
    s.scopes.push_back(std::move(scope));
  }
  const std::size_t members = in.count_below(kMostMembers);
  for (std::size_t i = 0; i < members; ++i) {
    Network net;
    net.inputs = static_cast<int>(features);
    net.hidden = static_cast<int>(in.count_below(kMostHidden));
    net.hidden2 = static_cast<int>(in.count_below(kMostHidden));
    net.weights.resize(Network::weight_count(net.inputs, net.hidden, net.hidden2));
    for (float& v : net.weights) v = static_cast<float>(in.number());
    s.members.push_back(std::move(net));
  }
  if (!in.empty()) refuse("there is text after its end");
  return s;
}

}  // namespace perftune
