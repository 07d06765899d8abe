// Client: a broker made of queues of Amazon SQS. Of the calls it makes it waits for none: one
// thread has all requests, the others hand it what there is to do.
//
// Threads: the members of BrokerClient are any's; all that is in Worker is its own thread's.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "transport/broker/broker.hpp"
#include "transport/sqs/account.hpp"

namespace dts::transport::sqs {

struct ClientOptions {
  std::string region, endpoint;
  std::string base;  // of the queues' names
  Member self = 0;
  std::size_t body_bytes_max = 256u << 10;   // of a message, and of a call with several
  std::size_t waiting_bytes_max = 8u << 20;  // of what was published and is not sent
  std::chrono::seconds members_age{3};       // how old the list of a group's members may be
  std::chrono::seconds dead_after{30 * 60};  // queues of who was silent so long are deleted
  Variable variable = environment_variable;
};

Result<std::unique_ptr<BrokerClient>> make_client(ClientOptions options, BrokerEvents& events);

}  // namespace dts::transport::sqs
