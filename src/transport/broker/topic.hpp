// Topics: the first bytes of a message where a library tells messages apart by these (ZeroMQ, SP).
// "dts/<domain>/<place> " stands before the envelope. No topic is how another one begins. Any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "transport/broker/envelope.hpp"

namespace dts::transport {

constexpr std::size_t kTopicBytesMax = 128;

inline std::string topic_prefix(std::string_view domain) {
  return "dts/" + domain_name(domain) + "/";
}

inline std::string topic_of(std::string_view prefix, const Place& place) {
  return std::string(prefix) + place_name(place) + " ";
}

// What follows the topic; empty where there is none.
inline ByteView after_topic(ByteView message) {
  const std::string_view text(reinterpret_cast<const char*>(message.data()),
                              std::min(message.size(), kTopicBytesMax));
  const auto end = text.find(' ');
  return end == text.npos ? ByteView() : message.subspan(end + 1);
}

}  // namespace dts::transport
