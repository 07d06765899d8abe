// Questions: the queries a hub has heard on one side and asked on others, until each source it
// passes on has answered or its time is over. It holds the values as they come; a bounded many.
// Sends nothing.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include <proto/engine.hpp>

namespace dts::hub {

class Questions {
 public:
  using Key = std::pair<NodeId, proto::StreamId>;  // a source, by its origin
  // What one source says, for whoever asked.
  struct Ready {
    std::size_t side = 0;
    NodeId asker{};
    proto::QueryToken token = 0;
    proto::Reply reply;
  };
  // A source that is asked: its stream on the asker's side, the side it is asked on.
  struct Asked {
    Key source;
    proto::StreamId of = 0;
    std::size_t from = 0;
  };
  static constexpr std::size_t questions_max = 64;
  static constexpr std::size_t values_max = 4096, bytes_max = 16u << 20;  // of one source
  static constexpr Duration patience = std::chrono::seconds(3);

  // False: too many are open, or this one is.
  bool add(Instant now, std::size_t side, NodeId asker, proto::QueryToken token,
           std::vector<Asked> sources);
  // It was asked on that side by this token.
  void asked(std::size_t side, NodeId asker, proto::QueryToken token, std::size_t from,
             proto::QueryToken theirs);
  // A source has said something: that it has nothing, or why, or the record of what will come.
  std::optional<Ready> said(std::size_t from, const proto::Notice& notice, const Key& source,
                            const proto::StreamRecord* record);
  std::optional<Ready> value(std::size_t from, const proto::Message& message);
  std::optional<Ready> gap(std::size_t from, const proto::Notice& notice);
  Instant deadline() const;
  // Those that are over, with all that is still to be said of them.
  struct Ended {
    std::vector<Ready> rest;
    std::vector<std::pair<std::size_t, proto::QueryToken>> asked;  // to be ended on these sides
  };
  Ended end(Instant now);

 private:
  struct Source {
    Key key;
    std::size_t from = 0;
    bool done = false;
    NodeId node{};  // who answers, and by which stream
    proto::StreamId stream = 0;
    proto::Sequence last = 0;
    std::uint64_t bytes = 0;
    proto::Reply reply;
  };
  struct Open {
    std::size_t side = 0;
    NodeId asker{};
    proto::QueryToken token = 0;
    Instant end{};
    std::vector<Source> sources;
    std::vector<std::pair<std::size_t, proto::QueryToken>> asked;
  };
  Source* find(std::size_t from, const NodeId& node, proto::StreamId stream, Open*& open);
  static Ready finish(const Open& open, Source& source);
  std::vector<Open> open_;
};

}  // namespace dts::hub
