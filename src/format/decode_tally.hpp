// DecodeTally: what decoders do beside reading, and nobody would notice otherwise. It is counted
// where it happens, on the thread that decodes; whoever wants to know sets it to zero before a
// message and looks at it after. Of a message that was not decoded it says nothing.
#pragma once

#include <cstdint>

namespace dts::format {

struct DecodeTally {
  std::uint32_t defaulted = 0;  // values that did not fit and became the default of their field
  std::uint32_t trimmed = 0;    // lists that were cut to the length of their array
  std::uint32_t unknown = 0;    // fields that the publisher's type does not have
  bool any() const { return (defaulted | trimmed | unknown) != 0; }
};

inline DecodeTally& decode_tally() {
  thread_local DecodeTally tally;
  return tally;
}

}  // namespace dts::format
