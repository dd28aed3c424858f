#include "catalog/db.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sqlite3.h>

#include "base/file.hpp"
#include "fault/fault_injector.hpp"

namespace donord::sqlite {
namespace {

constexpr int kBusyTimeoutMs = 5000;
constexpr unsigned kFileMode = 0600;

/// The error that `sqlite3_errcode` stands for, in the words of SQLite.
Error sqlite_error(sqlite3* db, std::string_view name, int code) {
  const std::string what = fmt::format("{}: {}", name, db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code));
  switch (code & 0xFF) {
    case SQLITE_NOTADB:
      return Error{Errc::malformed, what, "the file is not an SQLite database; name another one"};
    case SQLITE_CORRUPT:
      return Error{Errc::malformed, what, "restore the file from a backup, or move it away and begin a new one"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return Error{Errc::denied, what, "the file and its directory must be writable by this user"};
    case SQLITE_FULL:
      return Error{Errc::io, what, "the file system is full"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error{Errc::unavailable, what, "another process holds the database locked"};
    case SQLITE_CONSTRAINT:
      return Error{Errc::conflict, what};
    default:
      return Error{Errc::io, what};
  }
}

/// SQLite would create the file with the umask's mode.
Result<> create_private(const std::filesystem::path& path) {
  const UniqueFd fd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, kFileMode)};
  if (!fd) return io_error("open", path, errno);
  return {};
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Result<bool> Statement::step() {
  if (bind_error_) return *bind_error_;
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return sqlite_error(sqlite3_db_handle(statement_.get()), name_, code);
}

Result<> Statement::run() {
  for (;;) {
    const Result<bool> row = step();
    if (!row) return row.error();
    if (!*row) return {};
  }
}

void Statement::bind(int index, std::nullopt_t) {
  if (const int code = sqlite3_bind_null(statement_.get(), index + 1); code != SQLITE_OK)
    bind_error_ = sqlite_error(sqlite3_db_handle(statement_.get()), name_, code);
}

void Statement::bind(int index, std::int64_t value) {
  if (const int code = sqlite3_bind_int64(statement_.get(), index + 1, value); code != SQLITE_OK)
    bind_error_ = sqlite_error(sqlite3_db_handle(statement_.get()), name_, code);
}

void Statement::bind(int index, std::string_view value) {
  const char* const begin = value.empty() ? "" : value.data();
  const int code = sqlite3_bind_text64(statement_.get(), index + 1, begin, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) bind_error_ = sqlite_error(sqlite3_db_handle(statement_.get()), name_, code);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const {
  const unsigned char* const begin = sqlite3_column_text(statement_.get(), column);
  if (begin == nullptr) return {};
  return {reinterpret_cast<const char*>(begin),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void Db::Close::operator()(sqlite3* db) const {
  sqlite3_close_v2(db);
}

Result<Db> Db::open_named(const std::string& name, int flags) {
  Db db;
  db.name_ = name;
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  db.db_.reset(raw);
  if (code != SQLITE_OK) return sqlite_error(raw, name, code);
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  if (Result<> done = db.run_script("PRAGMA foreign_keys = ON"); !done) return done.error();
  return db;
}

Result<Db> Db::open(const std::filesystem::path& path, Access access) {
  if (access == Access::read_only) {
    if (Result<UniqueFd> readable = open_for_reading(path); !readable) return readable.error();
    return open_named(path.string(), SQLITE_OPEN_READONLY);
  }
  if (Result<> created = create_private(path); !created) return created.error();
  return open_named(path.string(), SQLITE_OPEN_READWRITE);
}

Result<Db> Db::open_in_memory() {
  return open_named(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY);
}

Result<Statement> Db::compile(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(db_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return sqlite_error(db_.get(), name_, code);
  return Statement{statement, name_};
}

Result<> Db::run_script(const std::string& sql) {
  const int code = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return sqlite_error(db_.get(), name_, code);
  return {};
}

Result<> Db::begin(Durability durability) {
  if (Result<> fault = fault_point("catalog.begin"); !fault) return fault;
  const char* const synchronous = durability == Durability::full ? "PRAGMA synchronous = FULL; BEGIN IMMEDIATE"
                                                                 : "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE";
  return run_script(synchronous);
}

Result<> Db::commit() {
  if (Result<> fault = fault_point("catalog.commit"); !fault) return fault;
  return run_script("COMMIT");
}

void Db::roll_back() {
  if (sqlite3_get_autocommit(db_.get()) == 0) sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

std::int64_t Db::last_insert_id() const {
  return sqlite3_last_insert_rowid(db_.get());
}

std::int64_t Db::changes() const {
  return sqlite3_changes64(db_.get());
}

}  // namespace donord::sqlite
