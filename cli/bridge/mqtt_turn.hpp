// MqttTurn: which of the bridges between one domain and one broker works (decision 0026). They see
// the same messages in one topic in the same order; whoever said last there that it works does. It
// only decides: what is to be published is asked of it, the time is handed in. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <dts/time.hpp>

namespace dts::cli {

class MqttTurn {
 public:
  explicit MqttTurn(std::string own) : own_(std::move(own)) {}

  // What is said in the topic, by the bridge `name` or, when it is gone, for it.
  static std::string said(bool works, std::string_view name);

  // Connected; all that was said before this is known; somebody has said something.
  void connected(Instant now);
  void settled(Instant now);
  void heard(std::string_view payload, Instant now);
  void tick(Instant now);

  bool works() const { return works_; }
  // Another one works.
  bool stands_by() const { return settled_ && !works_ && !claim_ && !holder_.empty(); }
  // Whether to say that one works, now.
  bool take_claim() { return std::exchange(claim_, false); }
  // The topic cannot be read and written: this one works, and does not know whether others do.
  bool is_alone() const { return alone_; }

 private:
  static constexpr std::chrono::seconds kRepeated{10}, kPatience{25}, kUnsettled{5};
  const std::string own_;
  std::string holder_;  // who works; empty: nobody
  Instant holder_heard_{}, claimed_{};
  std::optional<Instant> asked_;  // connected, and not settled yet
  bool settled_ = false, works_ = false, claim_ = false, alone_ = false;
  void claim(Instant now);
};

}  // namespace dts::cli
