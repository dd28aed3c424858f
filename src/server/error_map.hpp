#pragma once

// One table from our errors to MySQL's.

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "protocol/generic_response.hpp"

namespace donord {

struct MysqlError {
  std::uint16_t number = 0;
  std::string sql_state;
  std::string message;
};

/// MySQL's number and SQLSTATE for an error, with its text and hint as the message.
[[nodiscard]] MysqlError to_mysql_error(const Error& error);

[[nodiscard]] Bytes encode_error(const MysqlError& error);

}  // namespace donord
