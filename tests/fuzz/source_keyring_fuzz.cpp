// Any bytes as the data file of component_keyring_file.

#include <cstdlib>

#include "source/keyring_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace donord;
  const Result<KeyringFile> keyring = KeyringFile::parse({data, size}, "keyring");
  if (!keyring) return 0;
  if (keyring->size() > size / (2 * innodb::kMasterKeyBytes)) std::abort();
  (void)keyring->master_key("ee0f4f90-e585-11f1-82a0-02fc00000001", 1);
  return 0;
}
