#include "server/tls.hpp"

#include <algorithm>
#include <cstring>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace donord {
namespace {

std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown OpenSSL error";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : fmt::format("OpenSSL error 0x{:x}", code);
}

template <class T, void (*FreeFunction)(T*)>
struct OpensslFree {
  void operator()(T* object) const { FreeFunction(object); }
};
using X509Ptr = std::unique_ptr<X509, OpensslFree<X509, X509_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY, EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, OpensslFree<BIO, BIO_free_all>>;

std::string bio_text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

Result<CertificatePair> make_self_signed_certificate(const std::string& common_name) {
  constexpr long kTenYears = 10L * 365 * 24 * 60 * 60;
  const PkeyPtr key{EVP_EC_gen("P-256")};
  const X509Ptr certificate{X509_new()};
  if (!key || !certificate) return Error{Errc::io, "cannot make a key: " + openssl_reason()};

  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60L * 60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kTenYears);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const ByteView name_bytes = as_bytes(common_name);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, name_bytes.data(), static_cast<int>(name_bytes.size()), -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_EXTENSION* is_ca = X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
  if (is_ca != nullptr) X509_add_ext(certificate.get(), is_ca, -1);
  X509_EXTENSION_free(is_ca);
  if (X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0)
    return Error{Errc::io, "cannot sign a certificate: " + openssl_reason()};

  const BioPtr certificate_pem{BIO_new(BIO_s_mem())};
  const BioPtr key_pem{BIO_new(BIO_s_mem())};
  if (PEM_write_bio_X509(certificate_pem.get(), certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return Error{Errc::io, "cannot write a certificate: " + openssl_reason()};
  return CertificatePair{bio_text(certificate_pem.get()), bio_text(key_pem.get())};
}

std::shared_ptr<TlsContext> TlsContext::make() {
  std::shared_ptr<TlsContext> made{new TlsContext{SSL_CTX_new(TLS_server_method())}};
  SSL_CTX* context = made->handle();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // Recipients reconnect with new sessions only; a cache would just grow.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  return made;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::from_files(const TlsFiles& files) {
  const auto context = make();
  if (SSL_CTX_use_certificate_chain_file(context->handle(), files.certificate.c_str()) != 1)
    return Error{Errc::usage,
                 fmt::format("cannot use certificate {}: {}", files.certificate.string(), openssl_reason()),
                 "give a PEM file with --ssl-cert"};
  if (SSL_CTX_use_PrivateKey_file(context->handle(), files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context->handle()) != 1)
    return Error{Errc::usage, fmt::format("cannot use private key {}: {}", files.key.string(), openssl_reason()),
                 "give the PEM file of the certificate's key with --ssl-key"};
  if (!files.ca.empty()) {
    if (SSL_CTX_load_verify_locations(context->handle(), files.ca.c_str(), nullptr) != 1)
      return Error{Errc::usage, fmt::format("cannot use CA {}: {}", files.ca.string(), openssl_reason()),
                   "give a PEM file with --ssl-ca"};
    SSL_CTX_set_verify(context->handle(), SSL_VERIFY_PEER, nullptr);
  }
  return std::shared_ptr<const TlsContext>{context};
}

/// The BIO between OpenSSL and the engine's two queues.
struct TlsQueueBio {
  static TlsEngine& engine(BIO* bio) { return *static_cast<TlsEngine*>(BIO_get_data(bio)); }

  static int write(BIO* bio, const char* data, int size) {
    append(engine(bio).output_, as_bytes({data, static_cast<std::size_t>(size)}));
    return size;
  }
  static int read(BIO* bio, char* data, int size) {
    TlsEngine& self = engine(bio);
    BIO_clear_retry_flags(bio);
    const std::size_t available = self.input_.size() - self.input_read_;
    if (available == 0) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const std::size_t taken = std::min(available, static_cast<std::size_t>(size));
    std::memcpy(data, self.input_.data() + self.input_read_, taken);
    self.input_read_ += taken;
    if (self.input_read_ == self.input_.size()) {
      self.input_.clear();
      self.input_read_ = 0;
    }
    return static_cast<int>(taken);
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static const BIO_METHOD* method() {
    static BIO_METHOD* const instance = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "donord queue");
      BIO_meth_set_write(made, &TlsQueueBio::write);
      BIO_meth_set_read(made, &TlsQueueBio::read);
      BIO_meth_set_ctrl(made, &TlsQueueBio::control);
      return made;
    }();
    return instance;
  }
};

TlsEngine::TlsEngine(std::shared_ptr<const TlsContext> context)
    : context_(std::move(context)), ssl_(SSL_new(context_->handle())) {
  BIO* bio = BIO_new(TlsQueueBio::method());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_accept_state(ssl_.get());
}

Result<TlsEngine::Progress> TlsEngine::handshake() {
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_.get());
  if (done == 1) return Progress::done;
  if (SSL_get_error(ssl_.get(), done) == SSL_ERROR_WANT_READ) return Progress::need_input;
  return Error{Errc::malformed, "TLS handshake failed: " + openssl_reason()};
}

void TlsEngine::feed(ByteView ciphertext) {
  append(input_, ciphertext);
}

Result<std::size_t> TlsEngine::read(MutableBytes into) {
  ERR_clear_error();
  std::size_t got = 0;
  const int done = SSL_read_ex(ssl_.get(), into.data(), into.size(), &got);
  if (done == 1) return got;
  switch (SSL_get_error(ssl_.get(), done)) {
    case SSL_ERROR_WANT_READ:
      return std::size_t{0};
    case SSL_ERROR_ZERO_RETURN:
      return Error{Errc::cancelled, "the peer closed the connection"};
    default:
      return Error{Errc::malformed, "TLS: " + openssl_reason()};
  }
}

Result<> TlsEngine::write(ByteView plaintext) {
  if (plaintext.empty()) return {};
  ERR_clear_error();
  std::size_t put = 0;
  if (SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &put) != 1)
    return Error{Errc::io, "TLS: " + openssl_reason()};
  return {};
}

std::string TlsEngine::version() const {
  return SSL_get_version(ssl_.get());
}

std::string TlsEngine::cipher() const {
  return SSL_get_cipher_name(ssl_.get());
}

}  // namespace donord
