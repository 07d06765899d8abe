// An entrance through sockets.
#include "transport/stream/entrance.hpp"

#include "transport/acceptor.hpp"

namespace dts::transport {
namespace {

class SocketEntrance final : public Entrance {
 public:
  SocketEntrance(Acceptor acceptor, const Layers& layers)
      : acceptor_(std::move(acceptor)), layers_(layers) {}
  int handle() const noexcept override { return acceptor_.handle(); }
  std::string place() const override { return acceptor_.place(); }
  std::unique_ptr<Channel> next() override {
    auto socket = acceptor_.next();
    return socket ? layers_.channel(std::move(*socket)) : nullptr;
  }
  std::uint64_t turned_away() const override { return acceptor_.turned_away(); }

 private:
  Acceptor acceptor_;
  const Layers layers_;
};

}  // namespace

Result<std::unique_ptr<Entrance>> socket_entrance(const Layers& layers) {
  DTS_ASSIGN(Acceptor acceptor, Acceptor::at(layers.endpoint, layers.scheme));
  return std::unique_ptr<Entrance>(std::make_unique<SocketEntrance>(std::move(acceptor), layers));
}

}  // namespace dts::transport
