// The text of formulas and statements as a tree of names and numbers: what a file says, before
// dimensions are bound. One grammar serves derived dimensions ("(h + 2*p - r) / s + 1"), tensor
// declarations ("f16[m, k]") and statements ("C[m,n] = sum[k](A[m,k] * B[k,n])"); what each may
// contain is decided by whoever binds the tree (binding.hpp).
//
// Every node keeps its offset in the text it was parsed from. Nesting is limited to 200 levels,
// so that recursive readers cannot overflow the stack. Failures are SyntaxError, which the caller
// turns into a place in the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "recipes/expression.hpp"

namespace perftune {

struct SyntaxError {
  std::size_t offset = 0;
  std::string what;
  std::string right;
};
// Throws one; a function, as there are sixty places that do.
[[noreturn]] void reject(std::size_t offset, std::string_view what, std::string_view right = {});

struct Syntax {
  enum class Kind : std::uint8_t {
    number,     // value; integer says that it was written without point or exponent
    word,       // text
    subscript,  // text[children...]
    call,       // text(children...): a function by name
    apply,      // function(children...): an operator sign
    modulo,     // children[0] % children[1]
    reduce,     // reduction over `names` of children[0]
  };
  Kind kind = Kind::number;
  std::size_t offset = 0;
  double value = 0;
  bool integer = false;
  std::int64_t whole = 0;  // the value when `integer`
  std::string text;
  Function function = Function::add;
  Reduction reduction = Reduction::sum;
  struct Name {
    std::string text;
    std::size_t offset = 0;
  };
  std::vector<Name> names;
  std::vector<Syntax> children;
  int depth = 1;  // levels of this tree
};

// left = right; `left` is a word or a subscript.
struct SyntaxStatement {
  Syntax left;
  Syntax right;
};

// "f16[m, k]": a type and one formula per dimension.
struct SyntaxTensor {
  std::string type;
  std::size_t type_offset = 0;
  std::vector<Syntax> extents;
};

Syntax parse_formula(std::string_view text);
SyntaxStatement parse_statement(std::string_view text);
SyntaxTensor parse_tensor(std::string_view text);

// Words that cannot name a dimension or a tensor: functions, reductions, inf.
bool is_reserved_word(std::string_view word);
// A letter or underscore, then letters, digits and underscores; at most 64 characters.
bool is_identifier(std::string_view word);

}  // namespace perftune
