// KeptStore: values kept on NATS servers by JetStream, beyond the life of who published them. Each
// source has a subject of its own, of which the servers keep the last so many values; each exact
// type has one for its document.
//
//   dts-kept.<domain>.value.<source>   a KeptValue (kept_value.hpp), once by its id
//   dts-kept.<domain>.type.<id>        a type document
//
// Threads: the caller's and one of its own, which sends what waits; the library's come with
// answers. Calls that read wait for the server, at most 2 s.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <dts/bytes.hpp>
#include <dts/result.hpp>
#include <dts/time.hpp>

namespace dts::cli {

class KeptStore {  // interface: no fields
 public:
  struct Options {
    std::string url;                          // nats://..., as of the transport
    std::string domain;                       // its name
    std::optional<std::uint64_t> values_max;  // of each source; 1,000 where the store is new
    std::optional<std::uint64_t> bytes_max;   // of all; 1 GiB
    std::optional<Duration> age_max;          // zero: for ever, so it is where the store is new
    std::optional<std::uint64_t> replicas;    // servers of a cluster that have each value; 1
  };
  // Connects and makes the store where there is none; options that are given change one that is
  // there. Fails where nobody listens, with wrong credentials, and where there is no JetStream.
  // The last owner sends what waits, for at most 2 s; to know what was not confirmed by then, call
  // flush() before.
  static Result<std::shared_ptr<KeptStore>> open(const Options& options);
  virtual ~KeptStore() = default;

  virtual const std::string& place() const = 0;  // "server:4222"
  virtual int handle() const = 0;                // readable while there are events

  // `kept`: so many were confirmed; `lost`: the connection, of which `text` says why; `back`;
  // `refused`: the value `id` is not kept, and why.
  struct Event {
    enum class What : std::uint8_t { kept, lost, back, refused } what = What::kept;
    std::uint64_t count = 0;
    std::string id, text;
  };
  virtual std::vector<Event> take_events() = 0;

  // Hands a value over and returns at once. The same `id` twice is one value. False: more waits for
  // the server than 64 MiB or 65,536 values; or it is larger than the server takes.
  virtual bool add(const std::string& source, const std::string& id, ByteView value) = 0;
  virtual Result<void> add_type(const std::string& id, ByteView document) = 0;
  // Sends and waits until all are confirmed, at most this long. How many are not.
  virtual std::size_t flush(Duration most) = 0;

  // Returns false to stop. `name`: the source, or the type's id.
  using Visit = std::function<bool(std::string_view name, ByteView content)>;
  virtual Result<void> read_types(const Visit& visit) = 0;
  virtual Result<void> read_last_of_each(const Visit& visit) = 0;
  // Of one source, oldest first; `from`: since the servers got them.
  virtual Result<void> read(const std::string& source, std::optional<Time> from,
                            const Visit& visit) = 0;
};

}  // namespace dts::cli
