#pragma once

// MySQL's error numbers that this folder sends or recognises, under MySQL's names.
// Source: MySQL manual, "Server Error Message Reference".

#include <cstdint>

namespace donord {

inline constexpr std::uint16_t kErAccessDenied = 1045;          ///< ER_ACCESS_DENIED_ERROR, 28000
inline constexpr std::uint16_t kErNotSupportedAuthMode = 1251;  ///< ER_NOT_SUPPORTED_AUTH_MODE, 08004

}  // namespace donord
