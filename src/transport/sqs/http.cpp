// Http: libcurl's multi interface.
#include "transport/sqs/http.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>

namespace dts::transport::sqs {
namespace {

constexpr std::size_t kAnswerBytesMax = 16u << 20;
constexpr long kConnectTimeoutMs = 5000;
constexpr long kConnectionsKept = 64;

CURLM* multi_of(void* pointer) { return static_cast<CURLM*>(pointer); }

std::size_t take(char* data, std::size_t one, std::size_t count, void* to) {
  auto& body = *static_cast<std::string*>(to);
  if (body.size() + one * count > kAnswerBytesMax) return 0;  // ends the request with an error
  body.append(data, one * count);
  return one * count;
}

}  // namespace

struct Http::Request {
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  std::string body, answer;
  std::array<char, CURL_ERROR_SIZE> error{};
  Done done;
  ~Request() {
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
  }
};

Http::Http() = default;

Http::~Http() {
  drop_all();
  if (multi_ != nullptr) curl_multi_cleanup(multi_of(multi_));
}

Result<void> Http::open() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready == CURLE_OK) multi_ = curl_multi_init();
  if (multi_ == nullptr)
    return Error(ErrorCode::system, "cannot use libcurl", {}, curl_easy_strerror(ready));
  curl_multi_setopt(multi_of(multi_), CURLMOPT_MAXCONNECTS, kConnectionsKept);
  return {};
}

void Http::configure(std::string endpoint, std::string region, Keys keys) {
  endpoint_ = std::move(endpoint);
  region_ = std::move(region);
  keys_ = std::move(keys);
}

void Http::post(const Call& call, std::chrono::milliseconds timeout, Done done) {
  auto request = std::make_unique<Request>();
  request->body = call.body;
  request->done = std::move(done);
  CURL* const easy = request->easy = curl_easy_init();
  const auto header = [&](const std::string& text) {
    request->headers = curl_slist_append(request->headers, text.c_str());
  };
  header("Content-Type: application/x-amz-json-1.0");
  header("X-Amz-Target: AmazonSQS." + call.action);
  if (!keys_.token.empty()) header("X-Amz-Security-Token: " + keys_.token);
  curl_easy_setopt(easy, CURLOPT_URL, (endpoint_ + "/").c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(request->body.size()));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.data());
  curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, ("aws:amz:" + region_ + ":sqs").c_str());
  curl_easy_setopt(easy, CURLOPT_USERNAME, keys_.id.c_str());
  curl_easy_setopt(easy, CURLOPT_PASSWORD, keys_.secret.c_str());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &take);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &request->answer);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->error.data());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  curl_easy_setopt(easy, CURLOPT_PRIVATE, request.get());
  curl_multi_add_handle(multi_of(multi_), easy);
  requests_.push_back(std::move(request));
}

void Http::wait(std::chrono::milliseconds most) {
  int running = 0;
  curl_multi_perform(multi_of(multi_), &running);
  const auto give_out = [&] {
    bool any = false;
    int left = 0;
    while (const CURLMsg* const message = curl_multi_info_read(multi_of(multi_), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      Request* request = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
      finish(*request, message->data.result);
      any = true;
    }
    return any;
  };
  if (give_out()) return;
  curl_multi_poll(multi_of(multi_), nullptr, 0, static_cast<int>(most.count()), nullptr);
  curl_multi_perform(multi_of(multi_), &running);
  give_out();
}

// The request is gone before `done` is called, which may make new ones or drop all.
void Http::finish(Request& request, int code) {
  const auto found = std::find_if(requests_.begin(), requests_.end(),
                                  [&](const auto& each) { return each.get() == &request; });
  const std::unique_ptr<Request> ended = std::move(*found);
  requests_.erase(found);
  Answer answer;
  if (code != CURLE_OK)
    answer.failure = ended->error[0] != '\0' ? ended->error.data()
                                             : curl_easy_strerror(static_cast<CURLcode>(code));
  answer.refused_peer = code == CURLE_PEER_FAILED_VERIFICATION;
  curl_easy_getinfo(ended->easy, CURLINFO_RESPONSE_CODE, &answer.status);
  answer.body = std::move(ended->answer);
  curl_multi_remove_handle(multi_of(multi_), ended->easy);
  ended->done(answer);
}

void Http::wake() {
  if (multi_ != nullptr) curl_multi_wakeup(multi_of(multi_));
}

void Http::drop_all() {
  for (const auto& request : requests_) curl_multi_remove_handle(multi_of(multi_), request->easy);
  requests_.clear();
}

}  // namespace dts::transport::sqs
