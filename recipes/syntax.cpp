// A recursive descent parser, one method per precedence level:
//
//   statement  := name [ '[' list ']' ] '=' comparison
//   comparison := sum [ ('<' | '<=' | '>' | '>=' | '==' | '!=') sum ]
//   sum        := product { ('+' | '-') product }
//   product    := unary { ('*' | '/' | '%') unary }
//   unary      := '-' unary | primary
//   primary    := number | name | name '[' list ']' | name '(' list ')'
//              | reduction '[' names ']' '(' comparison ')' | '(' comparison ')'
#include "recipes/syntax.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "recipes/functions.hpp"
#include "recipes/lexer.hpp"
#include "recipes/words.hpp"

namespace perftune {

void reject(std::size_t offset, std::string_view what, std::string_view right) {
  throw SyntaxError{offset, std::string(what), std::string(right)};
}
namespace {

constexpr int kDeepestNesting = 200;

class Parser {
 public:
  explicit Parser(std::string_view text) : tokens_(tokenize(text)) {}

  Syntax formula() {
    Syntax tree = comparison();
    expect_end();
    return tree;
  }

  SyntaxStatement statement() {
    SyntaxStatement result;
    if (peek().kind != Token::Kind::word) unexpected("a tensor to assign");
    const Token target = take();
    result.left = word_node(target, Syntax::Kind::word);
    if (is_reserved_word(target.text))
      reject(target.offset,
             words("'{}' is a function and cannot be assigned", target.text),
             "choose another name");
    if (accept("[")) {
      result.left.kind = Syntax::Kind::subscript;
      list("]", result.left);
    }
    if (!accept("=")) unexpected("'='");
    result.right = comparison();
    expect_end();
    return result;
  }

  SyntaxTensor tensor() {
    SyntaxTensor result;
    if (peek().kind != Token::Kind::word) unexpected("a type such as f16");
    const Token type = take();
    result.type = std::string(type.text);
    result.type_offset = type.offset;
    if (!accept("[")) unexpected("'[' and the extents, as in \"f16[m, k]\"");
    Syntax extents;
    list("]", extents);
    result.extents = std::move(extents.children);
    expect_end();
    return result;
  }

 private:
  const Token& peek() const { return tokens_[at_]; }
  Token take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }

  bool next_is(std::string_view sign) const {
    return peek().kind == Token::Kind::sign && peek().text == sign;
  }

  bool accept(std::string_view sign) {
    if (!next_is(sign)) return false;
    take();
    return true;
  }

  [[noreturn]] void unexpected(std::string_view wanted) const {
    const std::string what = peek().kind == Token::Kind::end
                                 ? std::string("the text ends too early")
                                 : words("unexpected '{}'", peek().text);
    reject(peek().offset, what, words("expected {}", wanted));
  }

  void expect_end() const {
    if (peek().kind != Token::Kind::end) unexpected("an operator sign or the end");
  }

  static Syntax word_node(const Token& token, Syntax::Kind kind) {
    Syntax node;
    node.kind = kind;
    node.offset = token.offset;
    node.text = std::string(token.text);
    return node;
  }

  static void adopt(Syntax& parent, Syntax child) {
    parent.depth = std::max(parent.depth, child.depth + 1);
    if (parent.depth > kDeepestNesting)
      reject(child.offset, "nested too deeply",
             words("at most {} levels; split the statement", kDeepestNesting));
    parent.children.push_back(std::move(child));
  }

  // Behind an opening bracket: comparisons up to `close`; may be empty.
  void list(std::string_view close, Syntax& parent) {
    if (accept(close)) return;
    do {
      adopt(parent, comparison());
    } while (accept(","));
    if (!accept(close)) unexpected(words("',' or '{}'", close));
  }

  static Syntax applied(const Token& sign, Syntax::Kind kind, Function function, Syntax a,
                        std::optional<Syntax> b) {
    Syntax node;
    node.kind = kind;
    node.offset = sign.offset;
    node.text = std::string(sign.text);
    node.function = function;
    adopt(node, std::move(a));
    if (b) adopt(node, std::move(*b));
    return node;
  }

  Syntax comparison() {
    static constexpr std::pair<std::string_view, Function> kSigns[] = {
        {"<", Function::less},           {"<=", Function::less_equal}, {">", Function::greater},
        {">=", Function::greater_equal}, {"==", Function::equal},      {"!=", Function::not_equal}};
    Syntax left = sum();
    for (const auto& [text, function] : kSigns) {
      if (!next_is(text)) continue;
      const Token sign = take();
      return applied(sign, Syntax::Kind::apply, function, std::move(left), sum());
    }
    return left;
  }

  Syntax sum() {
    Syntax left = product();
    while (next_is("+") || next_is("-")) {
      const Token sign = take();
      const Function function = sign.text == "+" ? Function::add : Function::subtract;
      left = applied(sign, Syntax::Kind::apply, function, std::move(left), product());
    }
    return left;
  }

  Syntax product() {
    Syntax left = unary();
    while (next_is("*") || next_is("/") || next_is("%")) {
      const Token sign = take();
      const auto kind = sign.text == "%" ? Syntax::Kind::modulo : Syntax::Kind::apply;
      const Function function = sign.text == "/" ? Function::divide : Function::multiply;
      left = applied(sign, kind, function, std::move(left), unary());
    }
    return left;
  }

  Syntax unary() {
    if (!next_is("-")) return primary();
    const Token sign = take();
    const Nested level(*this, sign);
    return applied(sign, Syntax::Kind::apply, Function::negate, unary(), std::nullopt);
  }

  Syntax primary() {
    const Token token = peek();
    const Nested level(*this, token);
    if (token.kind == Token::Kind::number) return number(take());
    if (accept("(")) {
      Syntax inner = comparison();
      if (!accept(")")) unexpected("')'");
      return inner;
    }
    if (token.kind != Token::Kind::word) unexpected("a value");
    take();
    const auto reduction = parse_reduction(token.text);
    if (reduction && next_is("[")) return reduce(token, *reduction);
    if (accept("[")) {
      Syntax node = word_node(token, Syntax::Kind::subscript);
      list("]", node);
      return node;
    }
    if (accept("(")) {
      if (reduction && !find_function(token.text))
        reject(token.offset,
               words("'{}' does not say what it runs over", token.text),
               words("write {}[k](...)", token.text));
      Syntax node = word_node(token, Syntax::Kind::call);
      list(")", node);
      return node;
    }
    return word_node(token, Syntax::Kind::word);
  }

  Syntax reduce(const Token& token, Reduction reduction) {
    Syntax node = word_node(token, Syntax::Kind::reduce);
    node.reduction = reduction;
    take();  // '['
    if (next_is("]"))
      reject(peek().offset, words("a {} over nothing", token.text),
             words("name the axes: {}[k](...)", token.text));
    do {
      if (peek().kind != Token::Kind::word) unexpected("the name of an axis");
      const Token axis = take();
      node.names.push_back({std::string(axis.text), axis.offset});
    } while (accept(","));
    if (!accept("]")) unexpected("',' or ']'");
    if (!accept("(")) unexpected("'(' and what to reduce");
    adopt(node, comparison());
    if (!accept(")")) unexpected("')'");
    return node;
  }

  static Syntax number(const Token& token) {
    Syntax node;
    node.kind = Syntax::Kind::number;
    node.offset = token.offset;
    const char* begin = token.text.data();
    const char* end = begin + token.text.size();
    const auto whole = std::from_chars(begin, end, node.whole);
    node.integer = whole.ec == std::errc() && whole.ptr == end;
    if (whole.ec == std::errc::result_out_of_range && whole.ptr == end)
      reject(token.offset, "the number is too large", "integers have at most 63 bits");
    const auto real = std::from_chars(begin, end, node.value);
    if (real.ec != std::errc() || !std::isfinite(node.value))
      reject(token.offset, "the number is out of range");
    return node;
  }

  // Counts the parser's own recursion: brackets leave no node behind.
  struct Nested {
    Nested(Parser& owner, const Token& token) : parser(owner) {
      if (++parser.level_ > kDeepestNesting)
        reject(token.offset, "nested too deeply",
               words("at most {} levels", kDeepestNesting));
    }
    ~Nested() { --parser.level_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;
    Parser& parser;
  };

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int level_ = 0;
};

}  // namespace

Syntax parse_formula(std::string_view text) { return Parser(text).formula(); }
SyntaxStatement parse_statement(std::string_view text) { return Parser(text).statement(); }
SyntaxTensor parse_tensor(std::string_view text) { return Parser(text).tensor(); }

bool is_reserved_word(std::string_view word) {
  return word == "inf" || word == "cast" || parse_reduction(word) || find_function(word);
}

}  // namespace perftune
