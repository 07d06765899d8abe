// The entrance by HTTP/1.1: who comes in there has a session of requests in the place of a
// connection (docs/reference/transports/http.md, "On the wire"). Its sockets are those of
// visitors, whose requests name a session; visitors come and go, as proxies like. All of it is done
// by next(), on the thread of whoever calls that.
#pragma once

#include "transport/stream/entrance.hpp"

namespace dts::transport {

// Where the layers say, at their path.
Result<std::unique_ptr<Entrance>> http_entrance(const Layers& layers);

}  // namespace dts::transport
