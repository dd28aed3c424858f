#include "protocol/auth/password_hash.hpp"

#include <algorithm>
#include <optional>

#include "protocol/auth/random.hpp"
#include "protocol/auth/secret.hpp"

namespace donord {

namespace {

constexpr std::string_view kPrefix = "$A$";
constexpr std::uint32_t kRoundsUnit = 1000;
constexpr std::size_t kStoredSize = 3 + 3 + 1 + CachingSha2Hash::kSaltSize + CachingSha2Hash::kDigestSize;

std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  return std::nullopt;
}

std::optional<Bytes> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  Bytes bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const auto high = hex_digit(hex[i]);
    const auto low = hex_digit(hex[i + 1]);
    if (!high || !low) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(*high << 4 | *low));
  }
  return bytes;
}

Error not_a_hash(std::string_view problem) {
  return Error{Errc::malformed, fmt::format("caching_sha2_password hash: {}", problem),
               "SHOW CREATE USER prints it after SET print_identified_with_as_hex = ON"};
}

/// Repeats `block` until `size` bytes are there.
SecretBytes stretched(const Sha256Digest& block, std::size_t size) {
  SecretBytes out;
  out.reserve(size + block.size());
  while (out.size() < size) out.insert(out.end(), block.begin(), block.end());
  out.resize(size);
  return out;
}

/// crypt's base 64: six bits a character, least significant first, with its own alphabet and byte order.
std::string crypt_base64(const Sha256Digest& digest) {
  constexpr std::string_view kAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string out;
  const auto put = [&](std::uint32_t bits, int characters) {
    for (; characters > 0; --characters, bits >>= 6) out += kAlphabet[bits & 0x3F];
  };
  // Groups of three bytes whose indexes step by 21 modulo 30; bytes 31 and 30 make the last, short group.
  for (std::size_t group = 0, first = 0; group < 10; ++group, first = (first + 21) % 30)
    put(std::uint32_t{digest[first]} << 16 | std::uint32_t{digest[(first + 10) % 30]} << 8 | digest[(first + 20) % 30],
        4);
  put(std::uint32_t{digest[31]} << 8 | digest[30], 3);
  return out;
}

}  // namespace

std::string sha256_crypt(ByteView password, ByteView salt, std::uint32_t rounds) {
  Sha256 digest;

  digest.update(password);
  digest.update(salt);
  digest.update(password);
  const Sha256Digest b = digest.finish();

  digest.update(password);
  digest.update(salt);
  digest.update(stretched(b, password.size()));
  for (std::size_t bits = password.size(); bits > 0; bits >>= 1)
    digest.update((bits & 1) != 0 ? ByteView{b} : password);
  Sha256Digest a = digest.finish();

  for (std::size_t i = 0; i < password.size(); ++i) digest.update(password);
  const SecretBytes p = stretched(digest.finish(), password.size());

  for (std::size_t i = 0; i < 16U + a[0]; ++i) digest.update(salt);
  const SecretBytes s = stretched(digest.finish(), salt.size());

  for (std::uint32_t round = 0; round < rounds; ++round) {
    const bool odd = round % 2 != 0;
    digest.update(odd ? ByteView{p} : ByteView{a});
    if (round % 3 != 0) digest.update(s);
    if (round % 7 != 0) digest.update(p);
    digest.update(odd ? ByteView{a} : ByteView{p});
    a = digest.finish();
  }
  return crypt_base64(a);
}

Result<CachingSha2Hash> CachingSha2Hash::parse(std::string_view stored) {
  Bytes unhexed;
  if (stored.starts_with("0x") || stored.starts_with("0X")) {
    std::optional<Bytes> bytes = from_hex(stored.substr(2));
    if (!bytes) return not_a_hash("not hexadecimal after 0x");
    unhexed = std::move(*bytes);
    stored = as_text(unhexed);
  }
  if (stored.size() != kStoredSize) return not_a_hash(fmt::format("{} bytes, expected {}", stored.size(), kStoredSize));
  if (!stored.starts_with(kPrefix) || stored[6] != '$') return not_a_hash("does not start with $A$ddd$");

  CachingSha2Hash hash;
  hash.rounds_ = 0;
  for (const char c : stored.substr(kPrefix.size(), 3)) {
    const auto digit = hex_digit(c);
    if (!digit) return not_a_hash("the number of rounds is not hexadecimal");
    hash.rounds_ = hash.rounds_ * 16 + *digit;
  }
  if (hash.rounds_ == 0) return not_a_hash("no rounds");
  hash.rounds_ *= kRoundsUnit;
  const ByteView salt = as_bytes(stored.substr(7, kSaltSize));
  std::copy(salt.begin(), salt.end(), hash.salt_.begin());
  hash.digest_ = stored.substr(7 + kSaltSize);
  return hash;
}

CachingSha2Hash CachingSha2Hash::of(ByteView password) {
  CachingSha2Hash hash;
  hash.salt_ = random_nonce().bytes;
  hash.digest_ = sha256_crypt(password, hash.salt_, hash.rounds_);
  return hash;
}

bool CachingSha2Hash::verify(ByteView password) const {
  return equal_in_constant_time(as_bytes(sha256_crypt(password, salt_, rounds_)), as_bytes(digest_));
}

std::string CachingSha2Hash::str() const {
  return fmt::format("{}{:03X}${}{}", kPrefix, rounds_ / kRoundsUnit, as_text(salt_), digest_);
}

Result<NativeDigest> parse_native_hash(std::string_view stored) {
  NativeDigest digest;
  const std::optional<Bytes> bytes = stored.starts_with('*') ? from_hex(stored.substr(1)) : std::nullopt;
  if (!bytes || bytes->size() != digest.bytes.size())
    return Error{Errc::malformed, "mysql_native_password hash: expected '*' and 40 hexadecimal digits"};
  std::copy(bytes->begin(), bytes->end(), digest.bytes.begin());
  return digest;
}

}  // namespace donord
