// Broker: the Transport over something else's server that passes messages on by name: MQTT, NATS,
// SQS, a ZeroMQ or nanomsg proxy. All who are connected to one are one network, as on a star of
// streams (decision 0016). What is the same for all is here: envelopes, who is who, joining,
// coming back after a loss, queues, counters, what people are told. What differs is a
// BrokerClient: a thin layer over one library.
//
// A message is an envelope (envelope.hpp): packets to one place, and who sent them. Places have the
// same names everywhere (place_name, domain_name).
//
// Threads: as Transport says. A client has threads of its own (its library's) and tells events from
// any of them, one event at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <dts/transport.hpp>

#include "transport/broker/envelope.hpp"

namespace dts::transport {

// What a client tells. Any thread, one at a time; it takes no lock that a call of BrokerClient is
// made under, so a client may tell while it is called.
class BrokerEvents {  // interface: no fields
 public:
  virtual ~BrokerEvents() = default;
  // The connection is usable, the first time or again. Nothing is listened to on it yet.
  virtual void connected() = 0;
  // It could not be made, or is lost. `why` says what, why and what to try; the place is added.
  // connect() is called again after a pause.
  virtual void lost(Error why) = 0;
  // All that was asked of listen() and ignore() up to `number` is in effect there.
  virtual void settled(std::uint64_t number) = 0;
  // A message came. The bytes are copied before it returns. It never blocks: what does not fit into
  // the queue (`receive_buffer_bytes`) is dropped and counted (`receive_overflow`). What was not
  // asked for, what we sent ourselves and what is no envelope may be among them: it is counted
  // (`receive_ignored`) and goes no further.
  virtual void message(ByteView envelope) = 0;
  // Messages were dropped on the way, as the library says.
  virtual void dropped(std::uint64_t messages) = 0;
};

class BrokerClient {  // interface: no fields
 public:
  // Sends on what was published, for at most a second, and ends its threads; no event comes
  // afterwards.
  virtual ~BrokerClient() = default;
  // Begins to connect and returns at once (looking a name up may take seconds: not here);
  // connected() or lost() follows within 10 s. Called again only after lost().
  virtual void connect() = 0;
  // Subscribes, unsubscribes. `number` rises; settled() says when. Only while connected.
  virtual void listen(const Place& place, std::uint64_t number) = 0;
  virtual void ignore(const Place& place, std::uint64_t number) = 0;
  // Hands a message over, never blocks; the bytes are valid during the call. False: its bounded
  // queue is full.
  virtual bool publish(const Place& place, ByteView envelope) = 0;
  // The largest message to make: what the broker takes, once connected() has told; at most
  // kBrokerMessageBytesMax are used, at least 2 KiB are needed. Any thread.
  virtual std::size_t message_bytes_max() const = 0;
};

// Packets share a message up to this: beyond it nothing is gained.
constexpr std::size_t kBrokerMessageBytesMax = 256u << 10;

Member random_member();  // who one is at a broker: drawn once, never 0

struct BrokerDescription {
  std::string_view scheme;  // "mqtt"; lives as long as the program
  std::string place;        // as people write it: "broker.local:1883"
  Member self = 0;          // random_member()
  bool same_host = false;   // never leaves this machine
};

// `make` is called once, before open_broker() returns.
using MakeBrokerClient = std::function<Result<std::unique_ptr<BrokerClient>>(BrokerEvents&)>;
Result<std::unique_ptr<Transport>> open_broker(const TransportOptions& options,
                                               BrokerDescription description,
                                               const MakeBrokerClient& make);

}  // namespace dts::transport
