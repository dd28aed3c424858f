#pragma once

// Expected failures are values. `Result<T>` holds a T or an `Error`; code branches on `Error::code`, people read
// `what` (what happened, where, expected and found) and `hint` (what to do about it).

#include <boost/system/result.hpp>
#include <fmt/format.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace donord {

enum class Errc {
  malformed,            ///< bytes that break their format's rules
  truncated,            ///< fewer bytes than their format needs
  checksum,             ///< bytes that do not match their checksum
  unsupported_version,  ///< a format or feature this program does not handle
  unavailable,          ///< a resource is busy or in use by somebody else
  exhausted,            ///< one of our own limits is reached
  denied,               ///< credentials or rights are missing
  ddl_in_progress,      ///< files changed too much while they were copied
  redo_disabled,        ///< the redo log of the source is switched off
  insecure,             ///< only an encrypted connection may carry this
  io,                   ///< the operating system reported an error
  timeout,
  cancelled,
  conflict,  ///< the state of things does not allow the operation
  not_found,
  usage,  ///< a wrong option or configuration value
};

struct Error {
  Errc code = Errc::io;
  std::string what;
  std::string hint = {};

  /// The same error, with `context` in front: "context: what".
  [[nodiscard]] Error within(std::string_view context) const {
    return Error{code, fmt::format("{}: {}", context, what), hint};
  }
};

[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(error.hint.empty() ? error.what : error.what + " (" + error.hint + ")");
}

template <class T = void>
using Result = boost::system::result<T, Error>;

}  // namespace donord
