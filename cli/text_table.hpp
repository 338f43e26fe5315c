// A plain table for terminals: columns as wide as their widest cell, numbers to the right.
#pragma once

#include <string>
#include <vector>

namespace perftune {

class TextTable {
 public:
  // A heading that starts with '>' is right-aligned (and shown without it).
  explicit TextTable(std::vector<std::string> headings);
  void add(std::vector<std::string> cells);  // as many as headings
  std::string text() const;

 private:
  std::vector<std::string> headings_;
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
};

// "12.3 us", "4.56 ms": three significant digits with a unit that fits.
std::string format_time(double us);
std::string format_bytes(double bytes);

}  // namespace perftune
