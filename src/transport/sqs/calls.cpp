// Calls: bodies by hand, answers by the tree.
#include "transport/sqs/calls.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "transport/sqs/json.hpp"

namespace dts::transport::sqs {
namespace {

// An object of texts: {"QueueUrl":"...","a":"b"}.
class Object {
 public:
  Object& text(std::string_view name, std::string_view value) {
    begin(name);
    append_json(text_, value);
    return *this;
  }
  Object& raw(std::string_view name, std::string_view json) {
    begin(name);
    text_ += json;
    return *this;
  }
  Object& number(std::string_view name, unsigned value) { return raw(name, std::to_string(value)); }
  std::string str() const { return text_ + "}"; }

 private:
  void begin(std::string_view name) {
    if (text_.size() > 1) text_ += ',';
    append_json(text_, name);
    text_ += ':';
  }
  std::string text_ = "{";
};

}  // namespace

std::string md5_hex(std::string_view text) {
  std::array<std::uint8_t, 16> hash{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_md5(), nullptr);
  return base::to_hex({hash.data(), size});
}

Call create_queue(std::string_view name, const QueueSettings& settings) {
  const std::string attributes =
      Object()
          .text("MessageRetentionPeriod", std::to_string(settings.retention_s))
          .text("VisibilityTimeout", std::to_string(settings.visibility_s))
          .str();
  return {"CreateQueue", Object()
                             .text("QueueName", name)
                             .raw("Attributes", attributes)
                             .raw("tags", Object().text(kAliveTag, settings.alive).str())
                             .str()};
}

Call delete_queue(std::string_view url) {
  return {"DeleteQueue", Object().text("QueueUrl", url).str()};
}

Call list_queues(std::string_view name_prefix, std::string_view token) {
  Object body;
  body.text("QueueNamePrefix", name_prefix).number("MaxResults", 1000);
  if (!token.empty()) body.text("NextToken", token);
  return {"ListQueues", body.str()};
}

Call tag_queue(std::string_view url, std::string_view alive) {
  return {"TagQueue",
          Object().text("QueueUrl", url).raw("Tags", Object().text(kAliveTag, alive).str()).str()};
}

Call list_tags(std::string_view url) {
  return {"ListQueueTags", Object().text("QueueUrl", url).str()};
}

Call send_messages(std::string_view url, std::span<const std::string_view> bodies) {
  std::string entries = "[";
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    if (i > 0) entries += ',';
    entries += "{\"Id\":\"" + std::to_string(i) + "\",\"MessageBody\":\"";
    entries += bodies[i];
    entries += "\"}";
  }
  return {"SendMessageBatch", Object().text("QueueUrl", url).raw("Entries", entries + "]").str()};
}

Call receive_messages(std::string_view url, unsigned wait_s, unsigned visibility_s) {
  return {"ReceiveMessage", Object()
                                .text("QueueUrl", url)
                                .number("MaxNumberOfMessages", kBatchMax)
                                .number("WaitTimeSeconds", wait_s)
                                .number("VisibilityTimeout", visibility_s)
                                .str()};
}

Call delete_messages(std::string_view url, std::span<const std::string> receipts) {
  std::string entries = "[";
  for (std::size_t i = 0; i < receipts.size(); ++i) {
    if (i > 0) entries += ',';
    entries += Object().text("Id", std::to_string(i)).text("ReceiptHandle", receipts[i]).str();
  }
  return {"DeleteMessageBatch", Object().text("QueueUrl", url).raw("Entries", entries + "]").str()};
}

Refusal read_refusal(std::string_view body) {
  const auto json = read_json(body);
  if (!json) return {};
  const std::string& type = json->at("__type").text;
  Refusal refusal{type.substr(type.rfind('#') + 1), json->at("message").text};
  if (refusal.text.empty()) refusal.text = json->at("Message").text;
  // The names of the older protocol, which some servers go on to use.
  constexpr std::string_view old = "AWS.SimpleQueueService.";
  if (refusal.name.starts_with(old)) refusal.name.erase(0, old.size());
  if (refusal.name == "NonExistentQueue") refusal.name = "QueueDoesNotExist";
  return refusal;
}

Result<std::string> read_queue_url(std::string_view body) {
  DTS_ASSIGN(Json json, read_json(body));
  const std::string& url = json.at("QueueUrl").text;
  if (url.empty())
    return Error(ErrorCode::decode, "an answer without a queue", {}, "CreateQueue gave no URL");
  return url;
}

Result<QueueList> read_queue_list(std::string_view body) {
  DTS_ASSIGN(Json json, read_json(body));
  QueueList list;
  for (const Json& url : json.at("QueueUrls").items) list.urls.push_back(url.text);
  list.token = json.at("NextToken").text;
  return list;
}

Result<std::string> read_alive_tag(std::string_view body) {
  DTS_ASSIGN(Json json, read_json(body));
  return json.at("Tags").at(kAliveTag).text;
}

Result<ReceivedMessages> read_messages(std::string_view body) {
  ReceivedMessages received;
  if (body.empty()) return received;  // as some servers say that there are none
  DTS_ASSIGN(Json json, read_json(body));
  for (const Json& message : json.at("Messages").items) {
    const std::string& text = message.at("Body").text;
    received.receipts.push_back(message.at("ReceiptHandle").text);
    Bytes envelope;
    if (base::read_base64(text, envelope) && message.at("MD5OfBody").text == md5_hex(text))
      received.envelopes.push_back(std::move(envelope));
    else
      ++received.damaged;
  }
  return received;
}

Result<SendResult> read_send_result(std::string_view body,
                                    std::span<const std::string_view> bodies) {
  DTS_ASSIGN(Json json, read_json(body));
  SendResult result;
  std::size_t taken = 0;
  for (const Json& entry : json.at("Successful").items) {
    std::size_t index = bodies.size();
    const std::string& id = entry.at("Id").text;
    std::from_chars(id.data(), id.data() + id.size(), index);
    if (index < bodies.size() && entry.at("MD5OfMessageBody").text == md5_hex(bodies[index]))
      ++taken;
    else
      result.why = "what it has is not what was sent, by its MD5";
  }
  for (const Json& entry : json.at("Failed").items)
    result.why = entry.at("Code").text + ": " + entry.at("Message").text;
  result.failed = bodies.size() - std::min(taken, bodies.size());
  return result;
}

}  // namespace dts::transport::sqs
