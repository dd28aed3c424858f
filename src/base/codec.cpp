#include "base/codec.hpp"

namespace donord {

void Encoder::put_lenenc(std::uint64_t value) {
  if (value < 0xFB) {
    le<1>(value);
  } else if (value <= 0xFFFF) {
    le<1>(0xFC);
    le<2>(value);
  } else if (value <= 0xFFFFFF) {
    le<1>(0xFD);
    le<3>(value);
  } else {
    le<1>(0xFE);
    le<8>(value);
  }
}

std::string Dumper::printable(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c >= 0x20 && c < 0x7F && c != '"' && c != '\\')
      out += c;
    else
      out += fmt::format("\\x{:02x}", static_cast<std::uint8_t>(c));
  }
  return out + '"';
}

void Dumper::line(std::size_t from, std::string_view field, std::string_view value) {
  constexpr std::size_t kShown = 16;
  const ByteView written = ByteView{out_.written()}.subspan(from);
  std::string hex;
  for (const std::uint8_t byte : written.first(std::min(written.size(), kShown))) hex += fmt::format("{:02x} ", byte);
  if (written.size() > kShown) hex += "..";
  lines_ += fmt::format("{:04x}  {:<50}{} = {}\n", from, hex, field, value);
}

}  // namespace donord
