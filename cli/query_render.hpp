// The answer of a query as text. What a store holds may come from anywhere: control characters are
// shown as escapes, separators and markup of each format are quoted. Pure.
#pragma once

#include <string>

#include "db/query.hpp"

namespace perftune {

enum class QueryFormat { table, csv, json, markdown };

std::string render(const QueryResult& result, QueryFormat format);

}  // namespace perftune
