#include "transport/http_dial/calls.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>

#include "base/text.hpp"
#include "transport/http/request.hpp"

namespace dts::transport {
namespace {

constexpr std::size_t kWordsMax = 200;
constexpr long kConnectTimeoutMs = 5000;

CURLM* multi_of(void* pointer) { return static_cast<CURLM*>(pointer); }

std::size_t take(char* data, std::size_t one, std::size_t count, void* to) {
  auto& body = *static_cast<std::string*>(to);
  if (body.size() + one * count > kHttpBodyBytesMax) return 0;  // ends the request with an error
  body.append(data, one * count);
  return one * count;
}

int tune(void*, curl_socket_t socket, curlsocktype) {
  tune_socket(socket);
  return CURL_SOCKOPT_OK;
}

// libcurl's words, without the times that are others every time.
std::string steady(std::string text) {
  const auto after = text.find(" after "), ms = text.find(" ms", after);
  if (after != std::string::npos && ms != std::string::npos) text.erase(after, ms + 3 - after);
  return base::printable(text);
}

// The first line of what a server wrote for people; nothing where that is a page.
std::string words_of(const HttpReply& reply) {
  if (!reply.type.starts_with("text/plain")) return {};
  const std::string_view line = std::string_view(reply.body).substr(0, reply.body.find('\n'));
  return ", '" + base::printable(line.substr(0, kWordsMax)) + "'";
}

std::string hint_of(long status) {
  switch (status) {
    case 401:
    case 403:
      return "ask who keeps that server or the proxy on the way to let this path through";
    case 404:
    case 405:
      return "look at the port and the path";
    case 407:
      return "the proxy wants to know who you are: http_proxy=http://USER:PASSWORD@HOST:PORT";
    case 301:
    case 302:
    case 307:
    case 308:
      return "take the place it leads to";
    default:
      return {};
  }
}

Error refusal(const HttpReply& reply) {
  const long status = reply.status;
  const bool permission = status == 401 || status == 403 || status == 407;
  return Error(permission ? ErrorCode::permission : ErrorCode::system,
               status == 407   ? "the proxy does not let us through"
               : permission    ? "it does not let us in"
               : status >= 500 ? "it cannot answer now"
                               : "it does not take the request",
               {}, "it answered 'HTTP " + std::to_string(status) + "'" + words_of(reply),
               hint_of(status));
}

}  // namespace

struct HttpCalls::Request {
  CURL* easy = curl_easy_init();
  curl_slist* headers = nullptr;
  curl_slist* connect_to = nullptr;
  std::string answer;
  std::array<char, CURL_ERROR_SIZE> error{};
  std::chrono::seconds timeout{};
  Done done;
  ~Request() {
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    curl_slist_free_all(connect_to);
  }
};

// A server with another name than its host is asked for by its name.
HttpCalls::HttpCalls(const Layers& layers) : layers_(layers) {
  Endpoint named = layers.endpoint;
  if (layers.tls && layers.tls->name() != named.host) {
    named.host = layers.tls->name();
    connect_to_ = "::" + endpoint_text(layers.endpoint);
  }
  base_ = layers.scheme + "://" + endpoint_text(named) + layers.http;
}

HttpCalls::~HttpCalls() {
  for (const auto& request : requests_) curl_multi_remove_handle(multi_of(multi_), request->easy);
  requests_.clear();
  if (multi_ != nullptr) curl_multi_cleanup(multi_of(multi_));
}

Result<void> HttpCalls::open() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready == CURLE_OK) multi_ = curl_multi_init();
  if (multi_ == nullptr)
    return Error(ErrorCode::system, "cannot use libcurl", {}, curl_easy_strerror(ready));
  return {};
}

void HttpCalls::send(const std::string& path, const Bytes* body, std::chrono::seconds timeout,
                     Done done) {
  auto request = std::make_unique<Request>();
  request->timeout = timeout;
  request->done = std::move(done);
  CURL* const easy = request->easy;
  const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(easy, option, value); };
  set(CURLOPT_URL, (base_ + path).c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_USERAGENT, "DTS");
  if (body != nullptr) {
    request->headers = curl_slist_append(nullptr, "Expect:");
    request->headers = curl_slist_append(request->headers, "Content-Type: application/x-dts");
    set(CURLOPT_HTTPHEADER, request->headers);
    set(CURLOPT_POSTFIELDSIZE, static_cast<long>(body->size()));
    set(CURLOPT_POSTFIELDS, body->empty() ? static_cast<const void*>("") : body->data());
  }
  if (!connect_to_.empty()) {
    request->connect_to = curl_slist_append(nullptr, connect_to_.c_str());
    set(CURLOPT_CONNECT_TO, request->connect_to);
  }
  if (layers_.tls) {
    const Tls::Files& files = layers_.tls->files();
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_3));
    if (!files.ca.empty()) {
      set(CURLOPT_CAINFO, files.ca.c_str());
      set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    if (!files.certificate.empty()) {
      set(CURLOPT_SSLCERT, files.certificate.c_str());
      set(CURLOPT_SSLKEY, files.key.c_str());
    }
  }
  set(CURLOPT_WRITEFUNCTION, &take);
  set(CURLOPT_WRITEDATA, &request->answer);
  set(CURLOPT_SOCKOPTFUNCTION, &tune);
  set(CURLOPT_ERRORBUFFER, request->error.data());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // nobody waits for the system's resolver
  set(CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count() * 1000));
  set(CURLOPT_PRIVATE, request.get());
  curl_multi_add_handle(multi_of(multi_), easy);
  requests_.push_back(std::move(request));
}

void HttpCalls::wait(struct pollfd* extra, std::chrono::milliseconds most) {
  int running = 0;
  curl_multi_perform(multi_of(multi_), &running);
  if (static_cast<std::size_t>(running) == requests_.size()) {
    curl_waitfd also{};
    if (extra != nullptr) {
      also.fd = extra->fd;
      if ((extra->events & POLLIN) != 0) also.events |= CURL_WAIT_POLLIN;
      if ((extra->events & POLLOUT) != 0) also.events |= CURL_WAIT_POLLOUT;
    }
    const unsigned count = extra != nullptr && also.events != 0 ? 1 : 0;
    curl_multi_poll(multi_of(multi_), &also, count, static_cast<int>(most.count()), nullptr);
    curl_multi_perform(multi_of(multi_), &running);
  }
  take_finished();
}

// A request is gone before its `done` is called, which may make new ones.
void HttpCalls::take_finished() {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_of(multi_), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const int code = message->data.result;
    const auto found = std::find_if(requests_.begin(), requests_.end(), [&](const auto& each) {
      return each->easy == message->easy_handle;
    });
    const std::unique_ptr<Request> ended = std::move(*found);
    requests_.erase(found);
    HttpReply reply = reply_of(*ended, code);
    reply.body = std::move(ended->answer);
    if (!reply.failure && reply.status >= 300) reply.failure = refusal(reply);
    curl_multi_remove_handle(multi_of(multi_), ended->easy);
    ended->done(std::move(reply));
  }
}

HttpReply HttpCalls::reply_of(const Request& request, int code) const {
  HttpReply reply;
  const char* type = nullptr;
  long proxy_status = 0;
  curl_easy_getinfo(request.easy, CURLINFO_RESPONSE_CODE, &reply.status);
  curl_easy_getinfo(request.easy, CURLINFO_CONTENT_TYPE, &type);
  curl_easy_getinfo(request.easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
  reply.type = type != nullptr ? type : "";
  reply.final =
      reply.status >= 300 && reply.status < 500 && reply.status != 408 && reply.status != 429;
  if (code == CURLE_OK) return reply;
  const std::string said =
      steady(request.error[0] != '\0' ? request.error.data()
                                      : curl_easy_strerror(static_cast<CURLcode>(code)));
  const auto fail = [&](ErrorCode kind, std::string what, std::string why, std::string hint) {
    reply.failure = Error(kind, std::move(what), {}, std::move(why), std::move(hint));
  };
  if (proxy_status >= 400) {
    fail(ErrorCode::permission, "the proxy does not let us through",
         "it answered 'HTTP " + std::to_string(proxy_status) + "'", hint_of(proxy_status));
    reply.final = proxy_status < 500;
    return reply;
  }
  if (said.find("alert certificate required") != std::string::npos) {
    fail(ErrorCode::permission, "it does not let us in", "it wants a certificate of who connects",
         "?cert=FILE&key=FILE, or DTS_TLS_CERT and DTS_TLS_KEY");
    return reply;
  }
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      reply.final = true;
      fail(ErrorCode::permission, "its certificate is not accepted", said,
           "name the CA that signed it: ?ca=FILE, or DTS_TLS_CA; or whom to expect: ?name=HOST");
      break;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
      fail(ErrorCode::permission, "no encryption could be agreed on", said,
           "http:// if nobody encrypts there; ?cert=FILE&key=FILE if it wants a certificate");
      break;
    case CURLE_COULDNT_CONNECT:
      fail(ErrorCode::system, "nobody listens there", said,
           "start a node there with DTS_TRANSPORTS=" + layers_.scheme + "-listen://:" +
               std::to_string(layers_.endpoint.port) + ", or look at http_proxy and no_proxy");
      break;
    case CURLE_OPERATION_TIMEDOUT:
      fail(ErrorCode::timeout, "no answer",
           "not within " + std::to_string(request.timeout.count()) + " s", {});
      break;
    case CURLE_GOT_NOTHING:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
      fail(ErrorCode::decode, "what is there does not speak HTTP", said, "look at the port");
      break;
    default:
      fail(ErrorCode::system, "the request failed", said, {});
  }
  return reply;
}

void HttpCalls::wake() {
  if (multi_ != nullptr) curl_multi_wakeup(multi_of(multi_));
}

}  // namespace dts::transport
