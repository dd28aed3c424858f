// Recipients that do not understand that files come, go or get another name, and those that do.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clone/memory_view.hpp"
#include "server/clone_server.hpp"

namespace donord {
namespace {

using testing::MemoryView;

class ChangingSource final : public DonorSource {
 public:
  SourceIdentity identity() const override {
    return {.description = "memory", .server_version = "8.0.26", .page_size_bytes = 16384};
  }
  Result<std::unique_ptr<CloneView>> begin_clone(const CloneRequest&) override {
    return std::make_unique<MemoryView>(MemoryView::Shape{.file_sizes = {700, 9000, 4096, 300, 50}, .changes = 5},
                                        random_);
  }

 private:
  testing::SeededRandom random_{1};
};

/// How a clone ends for a recipient of this version.
std::string end_for(CloneProtocol protocol, std::string version) {
  testing::CloneServer server{std::make_shared<ChangingSource>()};
  ClientInfo client = testing::clone_client("clone");
  client.version = std::move(version);
  testing::MemorySink sink;
  RecipientMachine recipient{{.version = protocol}, sink};
  const std::optional<Error> refused = server.clone(recipient, client);
  return refused ? refused->what : "cloned";
}

TEST(OldRecipients, AreToldOfADdlWhenFilesChange) {
  for (const std::string version : {"8.0.24", "8.0.26", "8.0.26-debug", ""})
    EXPECT_THAT(end_for(CloneProtocol::v3, version), ::testing::StartsWith("3633 : File ")) << version;
  EXPECT_THAT(end_for(CloneProtocol::v2, "8.0.22"), ::testing::StartsWith("3633 : File "));
  EXPECT_THAT(end_for(CloneProtocol::v1, "8.0.17"), ::testing::StartsWith("3633 : File "));
}

TEST(OldRecipients, OfEightZeroTwentySevenAndNewerFollow) {
  for (const std::string version : {"8.0.27", "8.0.45", "8.4.5", "9.6.0"})
    EXPECT_EQ(end_for(CloneProtocol::v3, version), "cloned") << version;
  EXPECT_EQ(end_for(CloneProtocol::v4, "9.7.4"), "cloned");
}

}  // namespace
}  // namespace donord
