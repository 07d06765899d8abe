// A queue of SQS as a system under measurement: bare calls one after the other, ten messages each,
// signed by libcurl, deleted ten at a time. Where it is: AWS_ENDPOINT_URL_SQS.
#include <curl/curl.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <transport/sqs/calls.hpp>

#include "method.hpp"

namespace {

namespace sqs = dts::transport::sqs;

std::size_t take(char* data, std::size_t one, std::size_t count, void* to) {
  static_cast<std::string*>(to)->append(data, one * count);
  return one * count;
}

// One connection, one call at a time.
class Calls {
 public:
  Calls() : easy_(curl_easy_init()) {}
  ~Calls() { curl_easy_cleanup(easy_); }
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  std::string make(const sqs::Call& call) {
    std::string answer;
    curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/x-amz-json-1.0");
    headers = curl_slist_append(headers, ("X-Amz-Target: AmazonSQS." + call.action).c_str());
    const char* const endpoint = std::getenv("AWS_ENDPOINT_URL_SQS");
    curl_easy_setopt(easy_, CURLOPT_URL, endpoint == nullptr ? "" : endpoint);
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE, static_cast<long>(call.body.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, call.body.data());
    curl_easy_setopt(easy_, CURLOPT_AWS_SIGV4, "aws:amz:eu-central-1:sqs");
    curl_easy_setopt(easy_, CURLOPT_USERPWD, "AKIDEXAMPLE:secret");
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &take);
    curl_easy_setopt(easy_, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
    const CURLcode code = curl_easy_perform(easy_);
    curl_slist_free_all(headers);
    if (code == CURLE_OK) return answer;
    std::fprintf(stderr, "sqs: %s: %s\n", call.action.c_str(), curl_easy_strerror(code));
    std::exit(1);
  }

 private:
  CURL* easy_;
};

class Sqs final : public bus::System {
 public:
  const char* name() const override { return "sqs"; }

  void open(const bus::Options&, const std::string& out, const std::string& in,
            bus::Receive receive) override {
    if (!out.empty()) out_ = queue(calls_, out);
    if (in.empty()) return;
    receive_ = std::move(receive);
    in_ = queue(calls_, in);
    thread_ = std::thread([this] { work(); });
  }
  std::uint64_t* claim(std::size_t size) override {
    message_.resize(size);
    return reinterpret_cast<std::uint64_t*>(message_.data());  // new's memory is aligned
  }
  void publish() override {
    bodies_.push_back(sqs::to_base64(message_));
    if (bodies_.size() == sqs::kBatchMax) flush();
  }
  void flush() override {
    if (bodies_.empty()) return;
    const std::vector<std::string_view> views(bodies_.begin(), bodies_.end());
    const auto sent = sqs::read_send_result(calls_.make(sqs::send_messages(out_, views)), views);
    if (!sent || sent->failed > 0) std::exit(1);
    bodies_.clear();
  }
  void close() override {
    over_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  static std::string queue(Calls& calls, const std::string& way) {
    const sqs::QueueSettings settings{.retention_s = 300, .visibility_s = 30, .alive = "0"};
    return sqs::read_queue_url(calls.make(sqs::create_queue("bench-" + way, settings))).value();
  }
  void work() {
    Calls calls;
    while (!over_) {
      const auto got = sqs::read_messages(calls.make(sqs::receive_messages(in_, 1, 30))).value();
      for (const dts::Bytes& message : got.envelopes) receive_(message.data(), message.size());
      if (!got.receipts.empty()) calls.make(sqs::delete_messages(in_, got.receipts));
    }
  }

  Calls calls_;
  std::string out_, in_;
  dts::Bytes message_;
  std::vector<std::string> bodies_;
  bus::Receive receive_;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

}  // namespace

int main(int argc, char** argv) {
  Sqs system;
  return bus::run(argc, argv, system);
}
