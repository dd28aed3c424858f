#include "catalog/migrations.hpp"

#include <string>

namespace donord::sqlite {
namespace {

Result<std::int64_t> read_integer(Db& db, std::string_view sql) {
  Result<Statement> statement = db.prepare(sql);
  if (!statement) return statement.error();
  const Result<bool> row = statement->step();
  if (!row) return row.error();
  return statement->integer(0);
}

/// The version of the file, 0 for an empty one, once it is known to be ours and not newer than this program.
Result<std::int64_t> checked_version(Db& db, const Schema& schema) {
  const Result<std::int64_t> version = read_integer(db, "PRAGMA user_version");
  if (!version) return version.error();
  const Result<std::int64_t> application = read_integer(db, "PRAGMA application_id");
  if (!application) return application.error();
  const Result<std::int64_t> objects = read_integer(db, "SELECT count(*) FROM sqlite_schema");
  if (!objects) return objects.error();

  const bool empty = *version == 0 && *application == 0 && *objects == 0;
  if (!empty && *application != schema.application_id)
    return Error{Errc::malformed,
                 fmt::format("{} is the database of another program, not a {}", db.name(), schema.name),
                 "name another file"};
  const auto known = static_cast<std::int64_t>(schema.steps.size());
  if (*version > known)
    return Error{Errc::unsupported_version,
                 fmt::format("{} has {} version {}, this program knows versions up to {}", db.name(), schema.name,
                             *version, known),
                 "use the newer program that wrote it, or another file"};
  return *version;
}

}  // namespace

Result<> migrate(Db& db, const Schema& schema) {
  if (const Result<std::int64_t> version = checked_version(db, schema); !version) return version.error();
  if (Result<> wal = db.run_script("PRAGMA journal_mode = WAL"); !wal) return wal;
  return db.transaction(Durability::full, [&]() -> Result<> {
    const Result<std::int64_t> version = checked_version(db, schema);
    if (!version) return version.error();
    const auto target = static_cast<std::int64_t>(schema.steps.size());
    if (*version == target) return {};
    for (auto step = static_cast<std::size_t>(*version); step < schema.steps.size(); ++step)
      if (Result<> done = db.run_script(std::string{schema.steps[step]}); !done)
        return done.error().within(fmt::format("{} schema step {}", schema.name, step + 1));
    return db.run_script(
        fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", schema.application_id, target));
  });
}

Result<> check_version(Db& db, const Schema& schema) {
  const Result<std::int64_t> version = checked_version(db, schema);
  if (!version) return version.error();
  const auto current = static_cast<std::int64_t>(schema.steps.size());
  if (*version < current)
    return Error{
        Errc::unsupported_version,
        fmt::format("{} has {} version {}, this program reads version {}", db.name(), schema.name, *version, current),
        "open it once for writing (donord serve) to bring it up to date"};
  return {};
}

}  // namespace donord::sqlite
