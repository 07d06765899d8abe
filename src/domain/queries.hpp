// What queries work with. OpenQuery: one of ours, until everybody has answered or its time is over.
// Answering: how one publisher here answers those of others, one at a time. Guarded by the Domain's
// lock except what says otherwise.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include <dts/filter.hpp>
#include <dts/query.hpp>

#include "domain/delivery.hpp"

namespace dts::domain {

// A domain that has just been opened hears of others for so long, and of the last of them in calm:
// whoever asks for values, by a query or as the last ones, waits for that.
constexpr Duration young = std::chrono::seconds(1), calm = std::chrono::milliseconds(60);

// A question that a publisher here is to answer. `asker` is this node for our own.
struct AskedHere {
  NodeId asker{};
  proto::QueryToken token = 0;
  std::uint16_t part = 0, parts = 1;
  std::shared_ptr<const proto::Question> question;
  std::string asker_name;
};

struct Answering {
  static constexpr std::size_t waiting_max = 64;

  proto::StreamId stream = 0;
  std::shared_ptr<Subscriber> runner;  // its task answers the next of `asked`
  std::deque<AskedHere> asked;
  std::shared_ptr<const QueryHandler> handler;  // null: with the values that are kept
  // Set once; used by the thread that answers.
  LayoutPtr layout;
  const Format* format = nullptr;
  Binding binding;
  std::unique_ptr<Encoder> encoder;
  std::unique_ptr<Decoder> decoder;
  Value value;
  // For values of the same type that lie otherwise.
  LayoutPtr other_layout;
  std::unique_ptr<Encoder> other_encoder;
};

struct OpenQuery {
  using StreamKey = std::pair<NodeId, proto::StreamId>;
  struct Node {
    std::uint16_t parts = 0;
    std::set<proto::StreamId> said;  // the streams its sources publish by
    bool complete() const { return parts != 0 && said.size() >= parts; }
  };
  // The values of one source on their way.
  struct Coming {
    std::shared_ptr<Origin> origin;
    proto::Sequence last = 0;  // is to come
    proto::Sequence told = 0;  // handed out or named, up to here
    std::uint64_t missing = 0;
    bool settled() const { return told >= last && (origin->described() || origin->unusable); }
  };

  proto::QueryToken token = 0;
  std::shared_ptr<const proto::Question> question;
  std::shared_ptr<Subscriber> subscriber;
  std::optional<proto::InterestId> interest;
  Instant began{}, deadline{};
  std::map<NodeId, Node> nodes;
  std::map<StreamKey, Coming> coming;
  std::vector<NoAnswer> notes;  // refusals, and what was left out
  std::size_t sources = 0;      // that said something other than a refusal
  bool over = false;
  QueryEnd end;                  // when over
  std::vector<NoAnswer> unread;  // values that could not be decoded, by their source
};

}  // namespace dts::domain

namespace dts {

// Behind a ValueAnswer: what is sent, as far as it is asked for. Used by the handler's thread.
struct AnswerState {
  domain::Answering& source;
  const Query& query;
  const std::string& asker;
  Filter filter;
  std::deque<proto::Reply::Value> values;
  std::size_t bytes = 0;
  std::uint64_t left_out = 0;
  std::string error;

  Result<void> add(const void* value, std::int64_t published_ns);
};

}  // namespace dts
