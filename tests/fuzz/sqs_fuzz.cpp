// Answers of SQS: whatever they hold, nothing is taken that is not in them.
#include <cstdint>
#include <cstdlib>

#include <transport/sqs/calls.hpp>
#include <transport/sqs/json.hpp>
#include <transport/sqs/queues.hpp>

using namespace dts;
using namespace dts::transport::sqs;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  const auto json = read_json(text);
  if (json && json->kind == Json::Kind::text) {
    std::string again;
    append_json(again, json->text);
    if (read_json(again).value().text != json->text) std::abort();
  }
  read_refusal(text);
  (void)read_queue_url(text);
  (void)read_queue_list(text);
  (void)read_alive_tag(text);
  if (const auto messages = read_messages(text)) {
    std::size_t bytes = 0;
    for (const Bytes& envelope : messages->envelopes) bytes += envelope.size();
    if (bytes > size) std::abort();
    if (messages->envelopes.size() + messages->damaged != messages->receipts.size()) std::abort();
  }
  const std::string_view bodies[] = {"QQ==", "Qg=="};
  if (const auto sent = read_send_result(text, bodies); sent && sent->failed > 2) std::abort();
  if (const auto name = read_queue_name("dts-a", text)) {
    const auto again = read_queue_name("dts-a", queue_name("dts-a", *name));
    if (!again || again->place != name->place || again->owner != name->owner) std::abort();
  }
  return 0;
}
