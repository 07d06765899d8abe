// Station: a hub with its sockets: it opens a transport for each side, any that there is, waits,
// receives, sends. A side by streams need not be connected yet: it comes and goes as its link does.
// Everything happens in poll(), on the calling thread.
#pragma once

#include <bitset>
#include <memory>
#include <string>
#include <vector>

#include <dts/transport.hpp>

#include <hub/hub.hpp>

namespace dts::hub {

struct SideOptions {
  std::string name;  // "eth0", "tcp://host"
  TransportOptions transport;
};
struct StationOptions {
  std::string domain = "default", host, name, version;
  std::vector<SideOptions> sides;
  Transports transports;  // the table to open them by
};

class Station {
 public:
  // Fails when a side cannot be opened, or two of them are the same.
  static Result<std::unique_ptr<Station>> open(StationOptions options);
  ~Station();
  Station(const Station&) = delete;
  Station& operator=(const Station&) = delete;

  Hub& hub() { return *hub_; }
  std::vector<Link> links(SideIndex side) const { return sides_[side].links; }
  // What people should be told, each once.
  std::vector<std::string> take_notices();
  int fd() const { return epoll_; }
  // Does all that is due, without waiting.
  void poll();
  // How long poll() may wait to be called, if nothing comes.
  Duration patience() const;
  // Says goodbye; takes up to 100 ms, for those who still miss something.
  void close();

 private:
  struct Side {
    std::unique_ptr<Transport> transport;
    std::vector<Link> links;
    std::vector<std::string> networks;  // no other side may have them
    std::bitset<256> joined;
    ReceiveBatch batch;
  };
  Station() = default;
  Result<void> open_side(const StationOptions& options, const SideOptions& side);
  void start();
  void serve(int wait_ms);
  void receive(SideIndex index);
  void send();
  void follow_groups(SideIndex index);
  void gather_notices(SideIndex index);

  std::unique_ptr<Hub> hub_;
  std::vector<Side> sides_;
  std::vector<OutgoingPacket> outgoing_;
  std::vector<std::string> notices_;
  int epoll_ = -1;
  bool closed_ = false;
};

}  // namespace dts::hub
