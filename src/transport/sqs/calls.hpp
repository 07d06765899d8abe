// Calls: what is asked of SQS and what it answers, as bytes (AWS JSON 1.0). It sends nothing and
// keeps nothing. Thread-safe: no state.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dts/bytes.hpp>
#include <dts/result.hpp>

namespace dts::transport::sqs {

struct Call {
  std::string action;  // "SendMessageBatch"
  std::string body;
};

constexpr std::size_t kBatchMax = 10;  // messages in a call, as SQS has it

struct QueueSettings {
  unsigned retention_s = 0, visibility_s = 0;
  std::string alive;  // the value of the tag
};
constexpr std::string_view kAliveTag = "dts-alive";

Call create_queue(std::string_view name, const QueueSettings& settings);
Call delete_queue(std::string_view url);
Call list_queues(std::string_view name_prefix, std::string_view token);
Call tag_queue(std::string_view url, std::string_view alive);
Call list_tags(std::string_view url);
// At most kBatchMax bodies, which are plain ASCII.
Call send_messages(std::string_view url, std::span<const std::string_view> bodies);
Call receive_messages(std::string_view url, unsigned wait_s, unsigned visibility_s);
Call delete_messages(std::string_view url, std::span<const std::string> receipts);

// What SQS says when it refuses: the error's name without its namespace, and its text.
struct Refusal {
  std::string name, text;
};
Refusal read_refusal(std::string_view body);

Result<std::string> read_queue_url(std::string_view body);
struct QueueList {
  std::vector<std::string> urls;
  std::string token;  // of the next part; empty: that was all
};
Result<QueueList> read_queue_list(std::string_view body);
Result<std::string> read_alive_tag(std::string_view body);  // empty: there is none
struct ReceivedMessages {
  std::vector<Bytes> envelopes;
  std::vector<std::string> receipts;  // of those that are damaged as well: they are deleted too
  std::size_t damaged = 0;            // not what was sent, by its MD5, or no base64
};
Result<ReceivedMessages> read_messages(std::string_view body);
// How many of a batch SQS did not take, and why it did not take one of them; `bodies` are those
// that were sent, in order: what SQS says it has must be them, by their MD5.
struct SendResult {
  std::size_t failed = 0;
  std::string why;
};
Result<SendResult> read_send_result(std::string_view body,
                                    std::span<const std::string_view> bodies);

// 32 hex digits.
std::string md5_hex(std::string_view text);

}  // namespace dts::transport::sqs
