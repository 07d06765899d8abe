// Query: asking by type. Everybody who publishes the type answers, with the values it keeps or with
// what its handler says; the asker learns as well who did not answer.
//
//   auto warm = domain.query<Temperature>({.where = "celsius > 20", .limit = 10}).value();
//   for (auto& [value, sample] : warm.rows) ...
//   for (const dts::NoAnswer& none : warm.missing) ...
//
//   publisher.on_query([](const dts::Query& query, dts::Answer<Temperature>& answer) {
//     for (const Temperature& t : my_database(query.text)) (void)answer.send(t);
//   }).value();
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <dts/subscription.hpp>

namespace dts {

struct AnswerState;

// Published at or after `from`, at or before `to`, by the publisher's clock; empty: open.
struct TimeRange {
  std::optional<Time> from{}, to{};
};

// What is asked. The filter is evaluated by each publisher over its own type; the language is that
// of SubscribeOptions::where (docs/reference/filters.md).
struct Query {
  std::string where{};  // only values for which this holds; empty: all
  TimeRange range{};
  std::string text{};       // free, for handlers; publishers without one ignore it
  std::uint64_t limit = 0;  // values of each source at most, the newest; 0: all that it keeps
};

// Somebody who should have answered and did not, or not with all.
struct NoAnswer {
  enum class Why : std::uint8_t {
    silent,      // nothing came in time
    incomplete,  // some of its values did not come, or were left out: `detail`
    refused,     // it cannot answer this: `detail`
  };
  std::string source;  // "host/node", as in Sample::source()
  Why why = Why::silent;
  std::string detail;
};
std::string_view no_answer_name(NoAnswer::Why why);

template <class T>
struct Answers {
  std::vector<Reading<T>> rows;  // of each source in order, all of them historic()
  std::vector<NoAnswer> missing;
  std::size_t sources = 0;  // that answered in full, with values or with none
  bool complete() const noexcept { return missing.empty(); }
};

// The end of a query in callback form.
struct QueryEnd {
  std::vector<NoAnswer> missing;
  std::size_t sources = 0;
};
using QueryDone = std::function<void(const QueryEnd&)>;

// In a handler of on_query: what is sent here goes to the asker when the handler returns. Values
// that the query's filter, range or limit leave out are left out by send() itself.
class ValueAnswer {
 public:
  ValueAnswer(const ValueAnswer&) = delete;
  ValueAnswer& operator=(const ValueAnswer&) = delete;

  // Oldest first. `published`: the time the asker sees, and the range is about; empty: now.
  Result<void> send(const Value& value, std::optional<Time> published = {});
  // A value that lies as the publisher's layout.
  Result<void> send_at(const void* value, std::optional<Time> published = {});
  // Instead of values: the asker is told this text.
  void refuse(std::string_view why);
  // "host/node" of who asks.
  const std::string& asker() const;

 private:
  friend class DomainCore;
  explicit ValueAnswer(AnswerState& state) : state_(state) {}
  AnswerState& state_;
};

template <class T>
class Answer {
 public:
  explicit Answer(ValueAnswer& answer) : answer_(answer) {}
  Result<void> send(const T& value, std::optional<Time> published = {}) {
    return answer_.send_at(&value, published);
  }
  void refuse(std::string_view why) { answer_.refuse(why); }
  const std::string& asker() const { return answer_.asker(); }

 private:
  ValueAnswer& answer_;
};

// Runs on the domain's loop, one at a time per publisher, without any lock; must not throw.
using QueryHandler = std::function<void(const Query&, ValueAnswer&)>;

}  // namespace dts
