// Queues: names.
#include "transport/sqs/queues.hpp"

#include <charconv>

#include "base/endian.hpp"
#include "base/hex.hpp"

namespace dts::transport::sqs {
namespace {

constexpr std::size_t kMemberDigits = 16;

std::string member_text(Member member) {
  std::uint8_t bytes[sizeof member];
  base::store_big(bytes, member);
  return base::to_hex(bytes);
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// Takes what is before the next -; false when there is none.
bool take_word(std::string_view& text, std::string_view& word) {
  const auto end = text.find('-');
  if (end == std::string_view::npos) return false;
  word = text.substr(0, end);
  text.remove_prefix(end + 1);
  return true;
}

}  // namespace

std::string queue_base(std::string_view prefix, std::string_view domain) {
  return std::string(prefix) + "-" + domain_name(domain);
}

std::string queue_prefix(std::string_view base, const Place& place) {
  return std::string(base) + (place.member != 0 ? "-m-" + member_text(place.member) + "-"
                                                : "-g" + std::to_string(place.group) + "-");
}

std::string queue_name(std::string_view base, const QueueName& name) {
  return queue_prefix(base, name.place) +
         (name.place.member != 0 ? "" : member_text(name.owner) + "-") +
         std::to_string(name.number);
}

std::optional<QueueName> read_queue_name(std::string_view base, std::string_view url) {
  std::string_view text = url.substr(url.rfind('/') + 1);
  if (!text.starts_with(base) || text.substr(base.size(), 1) != "-") return {};
  text.remove_prefix(base.size() + 1);
  std::string_view place, owner;
  QueueName name;
  if (!take_word(text, place) || !take_word(text, owner) || owner.size() != kMemberDigits)
    return {};
  const auto member = dts::base::from_hex(owner);
  if (!member || !read_number(text, name.number)) return {};
  name.owner = dts::base::load_big<Member>(member->data());
  if (place == "m") {
    name.place.member = name.owner;
    return name;
  }
  if (!place.starts_with('g') || !read_number(place.substr(1), name.place.group)) return {};
  return name;
}

}  // namespace dts::transport::sqs
