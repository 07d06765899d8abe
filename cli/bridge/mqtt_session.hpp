// MqttSession: the bridge's connection to the broker, as its one thread sees it: what is listened
// to (and listened to again when the broker is back), what came, what goes out. Messages wait in a
// bounded queue until the thread takes them.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <cli/bridge/mqtt_dialect.hpp>
#include <dts/time.hpp>
#include <transport/back_off.hpp>
#include <transport/mqtt/connection.hpp>

namespace dts::cli {

class MqttSession final : private transport::MqttEvents {
 public:
  // `mark` goes with all that is sent; what bears it is own. `status`: the topic that bridges know
  // each other by, listened to at once, and with everything in it; `will` is what the broker keeps
  // there when this one is gone.
  static Result<std::unique_ptr<MqttSession>> open(const std::string& url, std::string mark,
                                                   std::string status, std::string will);
  ~MqttSession() override;

  const std::string& place() const { return place_; }  // "broker.local:1883"
  int handle() const { return wake_.get(); }

  // What became of the connection, and messages, in the order they came.
  struct Event {
    // settled: all that is kept in the status topic has come
    enum class What : std::uint8_t { connected, settled, lost, refused, message } what;
    std::optional<Error> error;  // lost, refused
    std::string topic, payload;  // message; refused: the filter
    bool retained = false, perhaps_own = false;
    bool own = false;  // sent by a bridge of this domain
  };
  // All that came; the next connection is tried when its time has come.
  std::vector<Event> take(Instant now);
  std::optional<Instant> next_try() const { return next_try_; }

  void listen(const std::string& filter);
  void ignore(const std::string& filter);
  void ignore_all();
  bool send(const std::string& topic, std::string_view payload, bool retained);
  bool is_connected() const { return connected_; }

  // Messages that never came so far; counted here since the last call.
  struct Dropped {
    std::uint64_t repeated = 0, overflow = 0, too_large = 0;
  };
  Dropped dropped();

 private:
  MqttSession(std::string place, std::string mark, std::string status)
      : place_(std::move(place)), mark_(std::move(mark)), status_(std::move(status)) {}
  void connected() override;
  void lost(Error why) override;
  void settled(std::uint64_t number) override;
  std::optional<Error> refused(std::uint64_t number) override;
  void message(const transport::MqttMessage& message) override;
  void put(Event event);
  void wake();
  void listen_to_status();
  void send_filter(const std::string& filter);
  bool is_covered(const std::string& filter) const;
  bool is_repeated(const Event& message);
  bool is_own(const Event& message);

  const std::string place_, mark_, status_;
  transport::Descriptor wake_;
  transport::BackOff back_off_;
  std::optional<Instant> next_try_;
  bool connected_ = false;
  std::uint64_t number_ = 0;
  std::map<std::string, int, std::less<>> filters_;  // how often each is wanted
  std::set<std::string, std::less<>> sent_filters_;  // those the broker has: none covers another
  std::map<std::string, std::size_t, std::less<>> retained_;  // the last payload's hash, by topic
  // What a broker of MQTT 3.1.1 may send back: hashes of the last messages sent.
  std::array<std::size_t, 256> sent_{};
  std::size_t sent_next_ = 0;

  std::mutex lock_;  // all that follows; nothing is called under it
  std::vector<Event> events_;
  std::map<std::uint64_t, std::string> asked_;  // filters by number
  std::uint64_t status_number_ = 0;             // of the status topic; 0: it is settled
  std::size_t waiting_bytes_ = 0;
  Dropped dropped_;

  std::unique_ptr<transport::MqttConnection> connection_;  // last: it tells the above
};

}  // namespace dts::cli
