// Queues: the names of queues and who has which. A node has one for itself and one for every group
// it listens to: <prefix>-<domain>-g17-<member>-<number>, <prefix>-<domain>-m-<member>-<number>.
// Sending to a group is sending to every member's queue of it, found by the beginning of the name.
// A number is used once, since SQS keeps the name of a deleted queue for a minute. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "transport/broker/envelope.hpp"

namespace dts::transport::sqs {

constexpr std::size_t kQueueNameBytesMax = 80;  // as SQS has it
// How much of that is behind <prefix>-<domain>: "-g255-00c0ffee00000001-999999".
constexpr std::size_t kQueueNameRestMax = 29;

struct QueueName {
  Place place;  // a group, or a member (who has the queue)
  Member owner = 0;
  std::uint64_t number = 0;
};

// "dts-default"
std::string queue_base(std::string_view prefix, std::string_view domain);
// What the names of all queues of the place begin with: "dts-default-g17-".
std::string queue_prefix(std::string_view base, const Place& place);
std::string queue_name(std::string_view base, const QueueName& name);
// Of a URL: what is behind its last slash; nothing when it is no queue of this base.
std::optional<QueueName> read_queue_name(std::string_view base, std::string_view url);

}  // namespace dts::transport::sqs
