// Client: the thread, and what others hand it.
#include "transport/sqs/client.hpp"

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "base/base64.hpp"
#include "transport/sqs/worker.hpp"

namespace dts::transport::sqs {
namespace {

using namespace std::chrono_literals;

constexpr auto kRound = 1000ms;
constexpr auto kLastWords = 1000ms;  // to send what was published, and as much for the queues

class Client final : public BrokerClient {
 public:
  Client(ClientOptions options, BrokerEvents& events)
      : options_(std::move(options)), worker_(options_, events) {}
  ~Client() override {
    stop_ = true;
    worker_.wake();
    if (thread_.joinable()) thread_.join();
  }
  Result<void> open() {
    DTS_TRY(worker_.open());
    thread_ = std::thread([this] { work(); });
    return {};
  }

  void connect() override { hand_over({Task::Kind::connect, {}, 0, {}}); }
  void listen(const Place& place, std::uint64_t number) override {
    hand_over({Task::Kind::listen, place, number, {}});
  }
  void ignore(const Place& place, std::uint64_t number) override {
    hand_over({Task::Kind::ignore, place, number, {}});
  }
  bool publish(const Place& place, ByteView envelope) override {
    if (waiting_.fetch_add(envelope.size()) + envelope.size() > options_.waiting_bytes_max) {
      waiting_ -= envelope.size();
      return false;
    }
    hand_over({Task::Kind::publish, place, 0, Bytes(envelope.begin(), envelope.end())});
    return true;
  }
  // In base64 four bytes are three.
  std::size_t message_bytes_max() const override { return options_.body_bytes_max / 4 * 3; }

 private:
  struct Task {
    enum class Kind { connect, listen, ignore, publish };
    Kind kind;
    Place place;
    std::uint64_t number;
    Bytes envelope;
  };

  void hand_over(Task task) {
    bool wake = false;
    {
      const std::lock_guard lock(mutex_);
      wake = tasks_.empty();
      tasks_.push_back(std::move(task));
    }
    if (wake) worker_.wake();
  }

  void work() {
    while (!stop_) {
      take_over();
      worker_.round(kRound);
    }
    take_over();
    const auto until = [this](auto more) {
      const auto end = Worker::Clock::now() + kLastWords;
      while (more() && Worker::Clock::now() < end) worker_.round(50ms);
    };
    until([this] { return worker_.busy(); });
    worker_.leave();
    until([this] { return worker_.under_way() > 0; });
  }

  void take_over() {
    std::vector<Task> tasks;
    {
      const std::lock_guard lock(mutex_);
      tasks.swap(tasks_);
    }
    for (Task& task : tasks) {
      switch (task.kind) {
        case Task::Kind::connect:
          worker_.connect();
          break;
        case Task::Kind::listen:
          worker_.listen(task.place, task.number);
          break;
        case Task::Kind::ignore:
          worker_.ignore(task.place, task.number);
          break;
        case Task::Kind::publish:
          worker_.publish(task.place, std::make_shared<Outgoing>(
                                          base::to_base64(task.envelope), task.envelope.size(),
                                          [this](std::size_t bytes) { waiting_ -= bytes; }));
          break;
      }
    }
  }

  const ClientOptions options_;
  std::atomic<std::size_t> waiting_ = 0;  // bytes published and not sent
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::vector<Task> tasks_;
  Worker worker_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<BrokerClient>> make_client(ClientOptions options, BrokerEvents& events) {
  auto client = std::make_unique<Client>(std::move(options), events);
  DTS_TRY(client->open());
  return std::unique_ptr<BrokerClient>(std::move(client));
}

}  // namespace dts::transport::sqs
