#include "transport/stream/member_address.hpp"

#include <charconv>

#include "base/endian.hpp"
#include "base/text.hpp"

namespace dts::transport {

Address address_of(Member member) {
  Address address;
  base::store(address.bytes.data(), member);
  address.size = sizeof member;
  return address;
}

Member member_of(const Address& address) {
  return address.size == sizeof(Member) ? base::load<Member>(address.bytes.data()) : 0;
}

std::string member_text(Member member) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text = "tcp:";
  for (int shift = 60; shift >= 0; shift -= 4) text += digits[(member >> shift) & 15];
  return text;
}

Result<Address> member_address(std::string_view text) {
  Member member = 0;
  const auto digits = text.substr(std::min<std::size_t>(text.size(), 4));
  const auto end = digits.data() + digits.size();
  const auto [stop, status] = std::from_chars(digits.data(), end, member, 16);
  if (!text.starts_with("tcp:") || digits.size() != 16 || status != std::errc{} || stop != end ||
      member == 0)
    return Error(ErrorCode::invalid_argument, "this is no member's address",
                 base::printable(text.substr(0, 80)),
                 "members of an exchange are told apart by a number it gave them",
                 "tcp:00c0ffee00000001, as `dts nodes` shows it");
  return address_of(member);
}

}  // namespace dts::transport
