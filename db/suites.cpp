#include "db/suites.hpp"

#include "db/sqlite.hpp"

namespace perftune {

void put_suite_member(Store& store, const SuiteMember& member) {
  sqlite::Transaction transaction(store.database());
  store.database()
      .query("INSERT INTO suites (suite, operator, weight) SELECT ?, id, ? FROM operators WHERE signature = ? "
             "ON CONFLICT (suite, operator) DO UPDATE SET weight = excluded.weight")
      .bind(member.suite)
      .bind(member.weight)
      .bind(member.signature)
      .run();
  transaction.commit();
}

std::vector<SuiteMember> suite_members(Store& store) {
  sqlite::Query row = store.database().query(
      "SELECT s.suite, o.signature, s.weight, coalesce((SELECT min(n.name) FROM operator_names n "
      "WHERE n.operator = o.id), '') FROM suites s JOIN operators o ON o.id = s.operator "
      "ORDER BY s.suite, s.operator");
  std::vector<SuiteMember> members;
  while (row.step()) members.push_back({row.text(0), row.text(1), row.real(2), row.text(3)});
  return members;
}

}  // namespace perftune
