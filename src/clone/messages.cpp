#include "clone/messages.hpp"

#include "clone/descriptors.hpp"

namespace donord {

DescriptorType descriptor_type(ByteView descriptor) {
  if (descriptor.size() < 12) return DescriptorType{0};
  return static_cast<DescriptorType>(load_u32be(descriptor, 8));
}

Result<Locator> innodb_locator(const std::vector<EngineLocator>& locators) {
  if (locators.size() != 1)
    return Error{Errc::malformed, fmt::format("expected one storage engine locator, found {}", locators.size())};
  if (locators[0].engine != kEngineInnodb)
    return Error{Errc::malformed, fmt::format("storage engine {} cannot be cloned", locators[0].engine)};
  return decode<Locator>(locators[0].locator);
}

}  // namespace donord
