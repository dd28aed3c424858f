#pragma once

// SQLite behind two small classes. `db.cpp` is the only file of the program that includes sqlite3.h. A `Db` and its
// statements are used by one thread at a time; who shares one brings a mutex.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace donord::sqlite {

enum class Access { read_only, read_write };

/// When a committed transaction is on stable storage: at the next checkpoint, or before COMMIT returns. Both survive
/// the death of the process; only `full` survives a power loss.
enum class Durability { normal, full };

/// One prepared statement with its parameters. Columns and parameters are counted from 0.
class Statement {
 public:
  /// Moves to the next row: true when there is one. Column values are valid until the next step.
  [[nodiscard]] Result<bool> step();
  /// Steps to the end.
  [[nodiscard]] Result<> run();

  void bind(int index, std::nullopt_t);
  void bind(int index, std::int64_t value);
  /// Stored as the signed integer of the same 64 bits; `unsigned_integer` reads it back.
  void bind(int index, std::uint64_t value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, std::uint32_t value) { bind(index, std::int64_t{value}); }
  void bind(int index, std::string_view value);
  template <class T>
  void bind(int index, const std::optional<T>& value) {
    if (value)
      bind(index, *value);
    else
      bind(index, std::nullopt);
  }

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::uint64_t unsigned_integer(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  [[nodiscard]] std::string text(int column) const;

 private:
  friend class Db;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  Statement(sqlite3_stmt* statement, std::string name) : statement_(statement), name_(std::move(name)) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::string name_;
  std::optional<Error> bind_error_;
};

/// One open database: foreign keys on, waits up to 5 s for a lock. A new file has mode 0600, and SQLite gives its -wal
/// and -shm files the same.
class Db {
 public:
  /// Errors: `not_found` (no such file or directory), `denied` (read only), `malformed` (not a database), `io`.
  [[nodiscard]] static Result<Db> open(const std::filesystem::path& path, Access access);
  /// Lives as long as the object.
  [[nodiscard]] static Result<Db> open_in_memory();

  /// `sql` is one statement; its parameters are bound to `values` in order.
  template <class... Values>
  [[nodiscard]] Result<Statement> prepare(std::string_view sql, const Values&... values) {
    Result<Statement> statement = compile(sql);
    if (!statement) return statement;
    int index = 0;
    (statement->bind(index++, values), ...);
    return statement;
  }

  template <class... Values>
  [[nodiscard]] Result<> run(std::string_view sql, const Values&... values) {
    Result<Statement> statement = prepare(sql, values...);
    if (!statement) return statement.error();
    return statement->run();
  }

  /// Any number of statements without parameters.
  [[nodiscard]] Result<> run_script(const std::string& sql);

  /// Runs `body`, which returns a `Result<>` or `Result<T>`, between BEGIN IMMEDIATE and COMMIT; an error of either
  /// rolls back.
  template <class Body>
  [[nodiscard]] auto transaction(Durability durability, Body body) -> decltype(body()) {
    if (Result<> begun = begin(durability); !begun) return begun.error();
    auto done = body();
    if (!done) {
      roll_back();
      return done;
    }
    if (Result<> committed = commit(); !committed) {
      roll_back();
      return committed.error();
    }
    return done;
  }

  [[nodiscard]] std::int64_t last_insert_id() const;
  /// Rows changed by the last INSERT, UPDATE or DELETE.
  [[nodiscard]] std::int64_t changes() const;
  /// For messages: the path, or ":memory:".
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  struct Close {
    void operator()(sqlite3* db) const;
  };

  [[nodiscard]] static Result<Db> open_named(const std::string& name, int flags);
  [[nodiscard]] Result<Statement> compile(std::string_view sql);
  [[nodiscard]] Result<> begin(Durability durability);
  [[nodiscard]] Result<> commit();
  void roll_back();

  std::unique_ptr<sqlite3, Close> db_;
  std::string name_;
};

}  // namespace donord::sqlite
