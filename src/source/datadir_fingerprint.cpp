#include <array>
#include <openssl/evp.h>

#include "source/datadir_survey.hpp"

namespace donord {

std::string fingerprint_of(const DatadirSurvey& survey) {
  std::string text;
  for (const TablespaceFile& file : survey.files)
    text += fmt::format("{}\n{} {} {}\n", file.name, file.stamp.size_bytes, file.space, file.stamp.modified_ns);
  text += fmt::format("{} {} {} {}\n", survey.page_size_bytes, survey.redo.checkpoint.value_or(Lsn{}),
                      survey.redo.end.value_or(Lsn{}), survey.options.redo_file_bytes);
  if (survey.decisions)
    for (const Bytes& group : survey.decisions->decided.groups) text += as_text(group);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (::EVP_Digest(text.data(), text.size(), digest.data(), &length, ::EVP_sha256(), nullptr) != 1) return text;
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

}  // namespace donord
