#include "db/json_field.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "recipes/error.hpp"

namespace perftune {

nlohmann::json JsonField::parse(const std::string& file, const std::string& text) {
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& error) {  // syntax, or a number that no double holds
    std::string what = error.what();  // "[json.exception...] parse error at line 1, column 2: ..."
    what.erase(0, what.find("] ") == std::string::npos ? 0 : what.find("] ") + 2);
    std::replace(what.begin(), what.end(), '\n', ' ');
    throw Error(ErrorKind::usage, fmt::format("{}: not JSON ({})", file, what));
  }
}

void JsonField::fail(const std::string& what) const {
  throw Error(ErrorKind::usage, path_.empty() ? fmt::format("{}: {}", *file_, what)
                                              : fmt::format("{}: {}: {}", *file_, path_, what));
}

bool JsonField::has(const std::string& name) const {
  return value_->is_object() && value_->contains(name);
}

JsonField JsonField::at(const std::string& name, const char* should_be) const {
  object();
  const auto found = value_->find(name);
  JsonField field(*file_, found == value_->end() ? *value_ : *found,
                  path_.empty() ? name : path_ + "." + name);
  if (found == value_->end()) field.fail(fmt::format("missing; should be {}", should_be));
  return field;
}

JsonField JsonField::at(std::size_t index) const {
  return {*file_, (*value_)[index], fmt::format("{}[{}]", path_, index)};
}

const JsonField& JsonField::object() const {
  if (!value_->is_object()) fail("should be an object");
  return *this;
}

const JsonField& JsonField::array() const {
  if (!value_->is_array()) fail("should be an array");
  return *this;
}

std::string JsonField::text() const {
  if (!value_->is_string()) fail("should be a text");
  return value_->get<std::string>();
}

double JsonField::number() const {
  if (!value_->is_number()) fail("should be a number");
  return value_->get<double>();
}

std::vector<double> JsonField::numbers() const {
  array();
  std::vector<double> numbers;
  for (std::size_t i = 0; i < size(); ++i) numbers.push_back(at(i).number());
  return numbers;
}

}  // namespace perftune
