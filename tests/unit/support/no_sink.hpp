#pragma once

// A recipient's directory that keeps nothing.

#include "clone/recipient_machine.hpp"

namespace donord::testing {

class NoSink : public RecipientSink {
 public:
  Result<> add_file(const FileDescriptor&) override { return {}; }
  Result<> rename_file(const FileDescriptor&) override { return {}; }
  Result<> remove_file(const FileDescriptor&) override { return {}; }
  Result<> settle_names() override { return {}; }
  Result<> write(const DataDescriptor&, ByteView) override { return {}; }
};

}  // namespace donord::testing
