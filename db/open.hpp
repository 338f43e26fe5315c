// Opens a store's file, or refuses it without touching it.
//
// A file from elsewhere is hostile until shown otherwise: its header is read by us before SQLite
// sees it, SQLite opens it defensively (sqlite.hpp), and its schema must be ours to the letter.
#pragma once

#include <memory>
#include <string>

#include "db/sqlite.hpp"
#include "db/store.hpp"

namespace perftune::sqlite {

// Throws Error{store}; see StoreOptions.
std::unique_ptr<Database> open_store_file(const std::string& path, const StoreOptions& options);

}  // namespace perftune::sqlite
