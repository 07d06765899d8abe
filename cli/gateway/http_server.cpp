#include <cli/gateway/http_server.hpp>

#include <httplib.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include <base/text.hpp>

namespace dts::cli {

namespace {

constexpr std::size_t kRequestsPerConnection = 1000;
constexpr std::size_t kWaitingMax = 512;  // connections without a thread
constexpr time_t kIdleSeconds = 5, kReadSeconds = 5, kWriteSeconds = 10;

// Who comes when all threads are taken waits for one. When too many wait, nobody is accepted until
// one of them is served: the others stay in the kernel's queue, which has an end.
class Threads : public httplib::ThreadPool {
 public:
  using ThreadPool::ThreadPool;
  void enqueue(std::function<void()> serve) override {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return waiting_ < kWaitingMax; });
    ++waiting_;
    ThreadPool::enqueue([this, serve = std::move(serve)] {
      {
        const std::lock_guard begins(mutex_);
        --waiting_;
      }
      room_.notify_one();
      serve();
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable room_;
  std::size_t waiting_ = 0;
};

HttpRequest request_of(const httplib::Request& request) {
  HttpRequest result{request.method, request.path};
  // The library's own reading of the query ends a value at its second '='.
  const std::size_t question = std::min(request.target.find('?'), request.target.size());
  std::string_view query = std::string_view(request.target).substr(question);
  while (!query.empty()) {
    query.remove_prefix(1);
    const std::string_view pair = query.substr(0, query.find('&'));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (!pair.empty())
      result.parameters.emplace(
          httplib::detail::decode_url(std::string(pair.substr(0, equals)), true),
          httplib::detail::decode_url(std::string(pair.substr(std::min(equals + 1, pair.size()))),
                                      true));
    query.remove_prefix(pair.size());
  }
  for (const auto& [name, value] : request.headers) {
    result.headers.emplace(base::lower(name), value);
  }
  return result;
}

}  // namespace

std::string HttpRequest::header(std::string_view name) const {
  const auto at = headers.find(std::string(name));
  return at == headers.end() ? std::string() : at->second;
}

std::optional<std::string> HttpRequest::parameter(std::string_view name) const {
  const auto at = parameters.find(std::string(name));
  return at == parameters.end() ? std::nullopt : std::optional(at->second);
}

struct HttpServer::State {
  httplib::Server server;
  std::atomic<bool> over{false};
  std::uint16_t port = 0;
  std::thread thread;

  void reply(HttpResponse&& from, httplib::Response& to) {
    to.status = from.status;
    for (const auto& [name, value] : from.headers) to.set_header(name, value);
    if (!from.stream) return to.set_content(std::move(from.body), from.type.c_str());
    to.set_header("Cache-Control", "no-store");
    to.set_header("X-Accel-Buffering", "no");  // nginx passes it on at once
    to.set_chunked_content_provider(from.type,
                                    [this, next = std::move(from.stream), text = std::string()](
                                        std::size_t, httplib::DataSink& sink) mutable {
                                      text.clear();
                                      const bool goes_on = !over && next(text);
                                      if (!text.empty() && !sink.write(text.data(), text.size()))
                                        return false;
                                      if (!sink.is_writable()) return false;
                                      if (!goes_on) sink.done();
                                      return true;
                                    });
  }
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() {
  state_->over = true;
  state_->server.stop();
  if (state_->thread.joinable()) state_->thread.join();
}

std::uint16_t HttpServer::port() const { return state_->port; }

Result<std::unique_ptr<HttpServer>> HttpServer::open(const Options& options, Admit admit,
                                                     Answer answer) {
  auto made = std::make_unique<State>();
  State* const state = made.get();
  httplib::Server& server = state->server;
  server.new_task_queue = [threads = options.threads] { return new Threads(threads); };
  server.set_keep_alive_max_count(kRequestsPerConnection);
  server.set_keep_alive_timeout(kIdleSeconds);
  server.set_read_timeout(kReadSeconds);
  server.set_write_timeout(kWriteSeconds);
  server.set_payload_max_length(options.body_bytes_max);
  server.set_tcp_nodelay(true);
  server.set_socket_options([](socket_t socket) {  // not shared: a second one is told so
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  server.set_pre_routing_handler(
      [state, admit = std::move(admit)](const auto& request, auto& response) {
        auto refusal = admit(request_of(request));
        if (!refusal) return httplib::Server::HandlerResponse::Unhandled;
        state->reply(std::move(*refusal), response);
        return httplib::Server::HandlerResponse::Handled;
      });
  const auto handler = [state, answer](const httplib::Request& request,
                                       httplib::Response& response) {
    HttpRequest whole = request_of(request);
    whole.body = request.body;
    state->reply(answer(whole), response);
  };
  const char* const any = R"(/.*)";
  server.Get(any, handler);
  server.Post(any, handler);
  server.Put(any, handler);
  server.Patch(any, handler);
  server.Delete(any, handler);
  server.Options(any, handler);
  server.set_error_handler([](const httplib::Request&, httplib::Response& response) {
    if (!response.body.empty()) return;
    const char* const what = response.status == 413   ? "the body is too large"
                             : response.status == 400 ? "this is no request of HTTP"
                                                      : "the request cannot be answered";
    response.set_content("{\"error\":{\"what\":\"" + std::string(what) + "\"}}\n",
                         "application/json");
  });
  errno = 0;
  const bool chosen = options.port == 0;
  const int port = chosen ? server.bind_to_any_port(options.host)
                          : (server.bind_to_port(options.host, options.port) ? options.port : -1);
  if (port <= 0) {
    const std::string place = options.host + ":" + std::to_string(options.port);
    return Error(ErrorCode::system, "cannot listen", base::printable(place),
                 errno != 0 ? std::strerror(errno) : "it is no address of this machine",
                 "another address or port: dts http 127.0.0.1:8080");
  }
  state->port = static_cast<std::uint16_t>(port);
  state->thread = std::thread([state] { state->server.listen_after_bind(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(made)));
}

}  // namespace dts::cli
