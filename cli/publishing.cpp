// Deciding the type, meeting the subscribers, publishing at the rate asked for, and saying what
// became of it.
#include <cli/publishing.hpp>

#include <poll.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <map>

#include <base/random.hpp>
#include <base/text.hpp>
#include <cli/json_object.hpp>
#include <cli/output.hpp>
#include <cli/template.hpp>
#include <cli/transfer.hpp>
#include <cli/value_input.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

// How long to look for the type and for subscribers, and to stay so that they can fetch the value.
constexpr auto kLookup = std::chrono::milliseconds(500);
constexpr auto kMeet = std::chrono::milliseconds(250);
constexpr auto kLinger = std::chrono::milliseconds(150);
constexpr auto kRequire = std::chrono::seconds(2);
// How often the progress of a large value is looked at.
constexpr auto kLook = std::chrono::milliseconds(100);
constexpr std::size_t kLineBytesMax = 64u << 20;

bool stdin_readable() {
  pollfd fd{STDIN_FILENO, POLLIN, 0};
  return ::poll(&fd, 1, 0) > 0;
}

class PublishRun {
 public:
  PublishRun(Session& session, PubOptions options)
      : session_(session),
        out_(session.out()),
        options_(std::move(options)),
        transfers_(out_),
        random_(static_cast<std::uint64_t>(now().time_since_epoch().count())) {}

  Result<int> run() {
    if (options_.from_stdin) return run_lines();
    DTS_TRY(prepare(options_.json));
    DTS_TRY(meet());
    if (ended_early()) return finish();
    if (fewer_than_required()) return exit_nothing;
    DTS_TRY(repeat());
    return finish();
  }

 private:
  // Publishing began: the templates count from here.
  void begin() {
    if (began_ == Instant{}) began_ = instant_now();
  }

  TemplateContext context() {
    return {sent_ + 1, now(), began_ == Instant{} ? Duration::zero() : instant_now() - began_,
            [this] { return random_.fraction(); }};
  }

  Result<Pairs> expanded_pairs() {
    Pairs pairs = options_.pairs;
    for (auto& [key, value] : pairs) {
      DTS_ASSIGN(value, expand(value, context()));
    }
    return pairs;
  }

  // The next value, in the type decided on.
  Result<Value> next_value(const std::optional<std::string>& json) {
    if (options_.bytes) return from_bytes(input_->type());
    if (!json) {
      DTS_ASSIGN(const Pairs pairs, expanded_pairs());
      return input_->from_pairs(pairs);
    }
    DTS_ASSIGN(const std::string text, expand(*json, context()));
    return input_->from_json(text);
  }

  // The content of a file; what defines the type may say how its own format lies.
  Result<Value> from_bytes(const Type& type) const {
    DTS_ASSIGN(Value value, Value::of(type));
    const Format& format = *options_.file_format;
    const bool bound = options_.binding.valid() && options_.binding.format() == format.name();
    const Assignment same = Assignment::make(type, type);
    DTS_ASSIGN(const auto decoder,
               bound ? format.bound_decoder(same, value.layout(), options_.binding)
                     : format.decoder(same, value.layout()));
    DTS_TRY(decoder->decode(*options_.bytes, value.data()));
    return value;
  }

  // Decides the type and makes the publisher.
  Result<void> prepare(const std::optional<std::string>& json) {
    DTS_ASSIGN(const Type type, find_type(json));
    input_.emplace(type, out_.style().utf8);
    DTS_ASSIGN(Value value, next_value(json));  // refuse a bad one before anybody hears of the type
    if (options_.bytes) {  // it may be large: it is held once, in the form that is published
      of_file_ = std::move(value);
      options_.bytes = Bytes();
    }
    DTS_ASSIGN(publisher_, session_.domain().publisher(type, options_.publish));
    return {};
  }

  // --define, else what the bus has, else what the value looks like.
  Result<Type> find_type(const std::optional<std::string>& json) {
    if (options_.defined) return *options_.defined;
    std::vector<Type> types =
        session_.domain().types(options_.wish.name, session_.within_timeout(kLookup));
    if (!options_.wish.id_prefix.empty()) {
      const std::string& prefix = options_.wish.id_prefix;
      std::erase_if(types, [&](const Type& type) {
        return type.id().hex().compare(0, prefix.size(), prefix) != 0;
      });
      if (types.empty()) {
        return Error(ErrorCode::unknown_type,
                     "nobody publishes " + options_.wish.name + "@" + prefix, {}, {},
                     "dts show " + options_.wish.name);
      }
    }
    if (types.empty()) return derive(json);
    if (types.size() == 1) return types[0];
    return fitting(types, json);
  }

  // Of several types of the family, the first that can hold the value.
  Result<Type> fitting(const std::vector<Type>& types, const std::optional<std::string>& json) {
    std::optional<Error> first;
    for (const Type& type : types) {
      input_.emplace(type, out_.style().utf8);
      const auto value = next_value(json);
      if (value) {
        out_.warn("the bus has " + std::to_string(types.size()) + " types " + type.name() +
                  "; using @" + type.id().short_hex() + "  (" + type.name() + "@ID chooses)");
        return type;
      }
      if (!first) first = value.error();
    }
    return *first;
  }

  Result<Type> derive(const std::optional<std::string>& json) {
    const std::string& name = options_.wish.name;
    Result<Type> type = Error(ErrorCode::unknown_type);
    if (options_.bytes && options_.file_format->name() != "raw") {
      return Error(ErrorCode::unknown_type, "nobody publishes a type \"" + name + "\"", {},
                   "the message in the file does not say its type", "--define x.proto");
    }
    if (options_.bytes) {
      type = Type::parse(name + "{data:bytes}");
    } else if (json) {
      DTS_ASSIGN(const std::string text, expand(*json, context()));
      type = type_from_json(name, text);
    } else if (options_.pairs.empty()) {
      return nobody_knows(session_.domain().catalogue(), "pub", name);
    } else {
      DTS_ASSIGN(const Pairs pairs, expanded_pairs());
      type = type_from_pairs(name, pairs);
    }
    if (!type) return type.error();
    out_.warn("nobody publishes a type \"" + name + "\": taken from the value as  " +
              base::printable(type->print(Type::Style::one_line)));
    out_.note("  --define '" + name + "{...}' says it exactly");
    return type;
  }

  // Waits a moment for the subscribers there are to hear of us.
  Result<void> meet() {
    const std::uint64_t wanted = std::max<std::uint64_t>(options_.require, 1);
    const Duration longest = options_.require > 0 ? Duration(kRequire) : Duration(kMeet);
    session_.run(instant_now() + longest, [&] { return publisher_.subscribers() >= wanted; });
    return {};
  }

  bool ended_early() const { return session_.ended(); }

  bool fewer_than_required() {
    const std::size_t have = publisher_.subscribers();
    if (have >= options_.require) return false;
    out_.error(Error(ErrorCode::unknown_type,
                     counted(options_.require, "subscriber") + " of " + options_.wish.name +
                         " required, " + std::to_string(have) + " there",
                     {}, "nothing was published", "dts why " + options_.wish.name));
    return true;
  }

  Result<void> publish(const std::optional<std::string>& json) {
    begin();
    Value next;
    if (!options_.bytes) {
      DTS_ASSIGN(next, next_value(json));
    }
    const Value& value = options_.bytes ? of_file_ : next;
    Result<void> published = publisher_.publish(value);
    while (!published && published.error().code() == ErrorCode::would_block &&
           !options_.publish.when_full.waits) {
      if (session_.run(instant_now() + std::chrono::milliseconds(10), nullptr) !=
          Session::End::deadline) {
        return {};  // stopped: this value was not sent, and is not counted
      }
      published = publisher_.publish(value);
    }
    DTS_TRY(published);
    ++sent_;
    see_subscribers();
    follow_transfer();
    return {};
  }

  // A large value goes on its way while the loop runs: until all of it has gone.
  void follow_transfer() {
    ValuePublisher::Progress last;
    for (;;) {
      const ValuePublisher::Progress progress = publisher_.progress();
      if (progress.total > 0) {
        transfers_.moved({}, sent_, options_.wish.name, progress.sent, progress.total);
        last = progress;
      }
      if (progress.total == 0 || session_.ended()) break;
      session_.run(instant_now() + kLook, nullptr);
    }
    if (last.total == 0) return;
    if (session_.ended())
      transfers_.died({}, sent_, sent_, "this command was ended");
    else if (publisher_.subscribers() == 0)
      transfers_.died({}, sent_, sent_, "nobody subscribes any more");
    else
      transfers_.moved({}, sent_, options_.wish.name, last.total, last.total);
  }

  std::optional<Instant> until() const {
    if (!options_.duration) return std::nullopt;
    return began_ + *options_.duration;
  }

  // -n, -r and -d. One value without any of them; without a rate as fast as it goes.
  Result<void> repeat() {
    begin();
    const bool forever = options_.rate || options_.duration;
    const std::uint64_t count = options_.count.value_or(forever ? UINT64_MAX : 1);
    const std::uint64_t batch = options_.rate ? 1 : 64;
    while (sent_ < count && !session_.ended()) {
      if (until() && instant_now() >= *until()) break;
      DTS_TRY(publish(options_.json));
      if (options_.rate && sent_ < count) {
        DTS_TRY(pace());
      } else if (sent_ % batch == 0) {
        session_.run(instant_now(), nullptr);
      }
    }
    return {};
  }

  // Sleeps in the loop until the next value is due.
  Result<void> pace() {
    const auto offset =
        Duration(static_cast<std::int64_t>(static_cast<double>(sent_) * 1e9 / *options_.rate));
    Instant due = began_ + offset;
    if (until()) due = std::min(due, *until());
    session_.run(due, nullptr);
    return {};
  }

  // --- JSON lines -------------------------------------------------------------------------

  Result<int> run_lines() {
    std::string pending;
    bool end = false;
    std::uint64_t line = 0;
    while (!end && !session_.ended() && !(options_.count && sent_ >= *options_.count)) {
      DTS_ASSIGN(end, read_some(pending));
      std::size_t from = 0;
      for (std::size_t at; (at = pending.find('\n', from)) != std::string::npos; from = at + 1) {
        DTS_TRY(one_line(pending.substr(from, at - from), ++line));
      }
      pending.erase(0, from);
      if (end && !pending.empty()) DTS_TRY(one_line(pending, ++line));
      if (pending.size() > kLineBytesMax) {
        return Error(ErrorCode::too_large, "a line is longer than 64 MiB",
                     "stdin line " + std::to_string(line + 1));
      }
    }
    if (!publisher_.active()) {
      if (bad_lines_ > 0) return exit_failed;
      out_.warn("stdin had no value");
      return exit_ok;
    }
    return finish();
  }

  // Waits for stdin while the bus is served; true at its end.
  Result<bool> read_some(std::string& pending) {
    char bytes[65536];
    for (;;) {
      bool readable = false;
      const Session::End ended = session_.run(
          std::nullopt, [&] { return readable = stdin_readable(); }, STDIN_FILENO);
      if (ended != Session::End::done) return true;
      const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (count < 0) return Error(ErrorCode::file, "cannot read", "stdin", std::strerror(errno));
      pending.append(bytes, static_cast<std::size_t>(count));
      return count == 0;
    }
  }

  // A line that is wrong is named and passed over.
  Result<void> one_line(const std::string& text, std::uint64_t number) {
    if (text.find_first_not_of(" \t\r") == std::string::npos) return {};
    if (options_.count && sent_ >= *options_.count) return {};
    if (!publisher_.active()) {
      if (const auto prepared = prepare(text); !prepared) return bad_line(prepared.error(), number);
      DTS_TRY(meet());
    }
    if (const auto published = publish(text); !published)
      return bad_line(published.error(), number);
    if (options_.rate) DTS_TRY(pace());
    return {};
  }

  Result<void> bad_line(const Error& error, std::uint64_t number) {
    ++bad_lines_;
    out_.error(Error(error.code(), error.what(), "stdin line " + std::to_string(number),
                     error.why(), error.hint()));
    return {};
  }

  // Those that asked while there were values count, also when they have gone by the end.
  void see_subscribers() {
    const std::size_t now = publisher_.subscribers();
    if (now == subscribers_) return;
    subscribers_ = now;
    list_subscribers();
  }

  void list_subscribers() {
    for (const NodeInfo& node : session_.domain().catalogue().nodes)
      if (want_of(node, options_.wish.name) != nullptr) seen_[node.id] = node_text(node);
  }

  // --- the end ----------------------------------------------------------------------------

  Result<int> finish() {
    const Duration took = session_.elapsed();
    list_subscribers();
    std::vector<std::string> names;  // two programs may have one name
    for (const auto& [node, name] : seen_) names.push_back(name);
    std::sort(names.begin(), names.end());
    report(names, took);
    // Whoever has only just heard of us fetches the type and the value now, and what was lost on
    // the way is asked for.
    for (std::uint64_t before = ~std::uint64_t{0}; before != repairs() && !session_.ended();) {
      before = repairs();
      session_.run_for(kLinger);
    }
    if (session_.ended() && session_.end() == Session::End::timeout) return exit_timeout;
    return bad_lines_ > 0 ? exit_failed : exit_ok;
  }

  std::uint64_t repairs() const {
    for (const Counter& counter : session_.domain().counters())
      if (counter.name == "repairs_out") return counter.value;
    return 0;
  }

  void report(const std::vector<std::string>& names, Duration took) {
    const std::string& name = options_.wish.name;
    if (out_.json()) {
      return out_.line(JsonObject()
                           .text("type", name)
                           .text("id", publisher_.type().id().short_hex())
                           .text("src", publisher_.source().name)
                           .count("published", sent_)
                           .texts("subscribers", names)
                           .number("ms", std::round(static_cast<double>(took.count()) / 1e5) / 10)
                           .str());
    }
    const bool one = sent_ == 1 && !options_.from_stdin;
    const std::string what = one ? name + options_.written : grouped(sent_) + " " + name;
    std::string line = "published " + what + " " + std::string(out_.arrow()) + " " +
                       counted(names.size(), "subscriber");
    if (!names.empty()) line += " (" + joined(names, ", ") + ")";
    out_.line(line + " in " + span_text(took));
    out_.flush();
    if (names.empty()) {
      out_.note("nobody asks for " + name + ": the value is gone when this command ends  " +
                (options_.rate ? "(--require 1 waits for somebody)"
                               : "(--require 1 waits for somebody, -r 1 repeats it)"));
    }
  }

  Session& session_;
  Output& out_;
  PubOptions options_;
  Transfers transfers_;
  base::Random random_;
  std::optional<ValueInput> input_;
  Value of_file_;  // what --file holds
  ValuePublisher publisher_;
  Instant began_{};
  std::uint64_t sent_ = 0, bad_lines_ = 0;
  std::size_t subscribers_ = 0;         // at the last value
  std::map<NodeId, std::string> seen_;  // all that asked so far
};

}  // namespace

Result<int> run_publishing(Session& session, PubOptions options) {
  return PublishRun(session, std::move(options)).run();
}

}  // namespace dts::cli
