// The end of those who connect to a node that listens, over whatever carries its stream.
#pragma once

#include <functional>
#include <memory>

#include <dts/transport.hpp>

#include "transport/stream/layers.hpp"

namespace dts::transport {

// Makes a stream to the other side. Not waiting: why there is none may be said by reading it.
using OpenChannel = std::function<Result<std::unique_ptr<Channel>>()>;

// As the layers say; over `open` in the place of a socket of ours where there is one.
Result<std::unique_ptr<Transport>> open_dialer(const TransportOptions& options, Layers layers,
                                               OpenChannel open = {});

}  // namespace dts::transport
