// Reads foreign JSON by name: whatever is missing or of another type is one Error{usage} that says
// where ("cache.json: results[3].times: missing; should be an object"). Internal to db/.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace perftune {

class JsonField {
 public:
  JsonField(const std::string& file, const nlohmann::json& value, std::string path = {})
      : file_(&file), value_(&value), path_(std::move(path)) {}

  // Throws Error{usage} with line and column where `text` is not JSON.
  static nlohmann::json parse(const std::string& file, const std::string& text);

  bool has(const std::string& name) const;
  JsonField at(const std::string& name, const char* should_be) const;  // of an object
  JsonField at(std::size_t index) const;                               // of an array
  std::size_t size() const { return value_->size(); }
  const nlohmann::json& json() const { return *value_; }

  const JsonField& object() const;
  const JsonField& array() const;
  std::string text() const;
  double number() const;
  std::vector<double> numbers() const;

  [[noreturn]] void fail(const std::string& what) const;

 private:
  const std::string* file_;
  const nlohmann::json* value_;
  std::string path_;
};

}  // namespace perftune
