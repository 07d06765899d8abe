// Members of an exchange as addresses and as text: "tcp:00c0ffee00000001".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <dts/path.hpp>
#include <dts/result.hpp>

#include "transport/stream/frame.hpp"

namespace dts::transport {

Address address_of(Member member);
Member member_of(const Address& address);  // 0: not one of ours
std::string member_text(Member member);
Result<Address> member_address(std::string_view text);

}  // namespace dts::transport
