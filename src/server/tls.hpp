#pragma once

// TLS without sockets. `TlsContext` holds the donor's certificate; `TlsEngine` is the server side of one TLS connection
// between two byte queues: what the peer sent goes in, what must go to the peer comes out. A whole block of data is
// encrypted into one run of records, so that it leaves with one system call instead of one per 16 KiB record.

#include <filesystem>
#include <memory>
#include <openssl/ssl.h>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace donord {

struct TlsFiles {
  std::filesystem::path certificate;  ///< PEM, the donor's certificate and the chain above it
  std::filesystem::path key;          ///< PEM
  std::filesystem::path ca;           ///< PEM; when given, recipients that send a certificate must have one of this CA
};

/// A certificate and its private key, PEM.
struct CertificatePair {
  std::string certificate;
  std::string key;
};

/// A new self-signed certificate for `common_name`, valid for ten years, with an ECDSA key on P-256: its
/// handshakes cost a tenth of RSA's.
[[nodiscard]] Result<CertificatePair> make_self_signed_certificate(const std::string& common_name);

class TlsContext {
 public:
  /// Errors name the file and what is wrong with it.
  [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> from_files(const TlsFiles& files);

  [[nodiscard]] SSL_CTX* handle() const { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  explicit TlsContext(SSL_CTX* context) : context_(context) {}
  static std::shared_ptr<TlsContext> make();

  std::unique_ptr<SSL_CTX, Free> context_;
};

class TlsEngine {
 public:
  explicit TlsEngine(std::shared_ptr<const TlsContext> context);

  enum class Progress { need_input, done };

  /// One step of the handshake with what has been fed so far.
  [[nodiscard]] Result<Progress> handshake();
  /// Ciphertext from the peer.
  void feed(ByteView ciphertext);
  /// Decrypts into `into`; 0 bytes: feed more. `Errc::cancelled` when the peer has closed TLS.
  [[nodiscard]] Result<std::size_t> read(MutableBytes into);
  /// Encrypts; the records are added to `output()`.
  [[nodiscard]] Result<> write(ByteView plaintext);

  /// Ciphertext to send; the caller clears it once sent.
  [[nodiscard]] Bytes& output() { return output_; }

  [[nodiscard]] std::string version() const;
  [[nodiscard]] std::string cipher() const;

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<SSL, Free> ssl_;
  Bytes input_;
  std::size_t input_read_ = 0;
  Bytes output_;

  friend struct TlsQueueBio;
};

}  // namespace donord
