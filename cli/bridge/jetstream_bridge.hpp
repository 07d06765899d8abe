// JetStreamBridge: keeps the values of a domain on NATS servers (KeptStore), and answers queries
// with them: all that is kept of publishers that are gone, and of those that are there what they no
// longer have themselves. For each source it keeps it is a publisher of that type which publishes
// nothing, with the source's labels and `kept_of`, its name (decision 0029). Everything happens on
// the session's thread; who asks waits for the server, at most 2 s.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <cli/bridge/kept_store.hpp>
#include <cli/bridge/kept_value.hpp>
#include <cli/session.hpp>

namespace dts::cli {

class JetStreamBridge {
 public:
  struct Options {
    KeptStore::Options store;
    std::vector<std::string> patterns;  // of families
  };
  static Result<std::unique_ptr<JetStreamBridge>> open(Session& session, Options options);
  // Until interrupted, or --timeout.
  Session::End run();
  // Sends what waits, names what is not kept, and says what has been done.
  void finish();

 private:
  enum class Count : std::uint8_t {
    received,    // values
    kept,        // confirmed by the servers
    known,       // kept before
    not_kept,    // too many wait, too large, too many sources, or the servers refuse it; named
    missed,      // lost on the way to here; named
    foreign,     // in the store, and none of ours
    queries,     // asked here
    answered,    // values given
    stood_aside  // queries left to another bridge
  };
  // A source of one exact type, there or gone.
  struct Kept {
    Type type;
    LayoutPtr layout{};
    std::unique_ptr<Encoder> encoder{};
    std::unique_ptr<Decoder> decoder{};
    ValuePublisher publisher{};
    KeptValue last{};  // without its message: what came of it last
  };

  JetStreamBridge(Session& session, Options options);
  Result<void> read_store();
  void subscribe();
  Result<Kept*> kept_of(const KeptValue& value, const Type& type);
  void keep(const Value& value, const Sample& sample);
  void keep_type(const Type& type);
  void follow(const KeptStore::Event& event);
  void answer(const std::string& key, const Query& query, ValueAnswer& answer);
  Result<void> give(const Kept& kept, const std::string& key, const Query& query,
                    ValueAnswer& answer);
  bool left_to_another(const Kept& kept) const;
  void not_kept(const std::string& source, std::uint64_t sequence, const std::string& why);
  void event(std::string_view what, const std::string& text);
  std::uint64_t& count(Count what) { return counts_[static_cast<std::size_t>(what)]; }

  Session& session_;
  const Options options_;
  std::shared_ptr<KeptStore> store_;
  std::map<TypeId, Type> types_;      // with a document in the store
  std::map<TypeId, Type> unstored_;   // whose document is to be put there
  std::map<std::string, Kept> kept_;  // by the key of the source
  std::vector<Subscription> subscriptions_;
  std::size_t told_ = 0;
  std::array<std::uint64_t, 9> counts_{};
};

}  // namespace dts::cli
