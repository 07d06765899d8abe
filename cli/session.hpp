// Session: a Domain opened from the global flags, with the command's loop: it runs until what is
// waited for has happened, a deadline passes, Ctrl-C is pressed, or the reader of stdout goes away.
// Everything happens on the calling thread. Unsubscribing and saying goodbye is the destructor's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cli/invocation.hpp>
#include <dts/domain.hpp>

namespace dts::cli {

class Session {
 public:
  enum class End { done, deadline, interrupted, reader_gone, timeout };

  // Parses --domain, --iface, --peer and --timeout and opens the domain.
  static Result<std::unique_ptr<Session>> open(Invocation& invocation);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Domain& domain() { return *domain_; }
  Output& out() { return out_; }
  Instant started() const { return started_; }
  Duration elapsed() const;

  // Runs the loop until done() or `until`. `extra_fd` (if not -1) wakes the loop when readable.
  End run(std::optional<Instant> until, const std::function<bool()>& done, int extra_fd = -1);
  // Runs the loop for a while; false when it ended early.
  bool run_for(Duration duration);
  // The exit code of a command that ended so: 124 for a timeout, else `otherwise`.
  static int exit_code(End end, int otherwise);
  // How the last run() ended other than done or deadline, if so.
  bool ended() const { return ended_.has_value(); }
  End end() const { return ended_.value_or(End::done); }

  // The wait that is left under --timeout, at most `wish`.
  Duration within_timeout(Duration wish) const;

 private:
  Session(Output& out, DomainOptions options, std::optional<Duration> timeout);
  void tell_notices();

  Output& out_;
  Instant started_;
  std::optional<Instant> timeout_at_;
  std::optional<End> ended_;
  std::unique_ptr<Domain> domain_;
};

Instant instant_now();

// What the user wrote as a type: "brewery.Temperature", a pattern, or "brewery.Temperature@9f3a".
struct TypeWish {
  std::string name;
  std::string id_prefix;  // hex digits behind @; may be empty
  bool is_pattern() const;
};
Result<TypeWish> parse_type_wish(std::string_view text);

// The names of the types published or asked for on the bus, without patterns, sorted.
std::vector<std::string> live_types(const Catalogue& catalogue);
// How many sources publish the family.
std::size_t publishers_of(const Catalogue& catalogue, std::string_view type_name);
// What a node other than this one wants of the type; null: nothing.
const InterestInfo* want_of(const NodeInfo& node, std::string_view type_name);
// "host/name" of the nodes, other than this one, that want the type.
// `selecting`: with what they take of its values, in parentheses, if not everything.
std::vector<std::string> subscribers_of(const Catalogue& catalogue, std::string_view type_name,
                                        bool selecting = false);
// "host/name"
std::string node_text(const NodeInfo& node);
// The nodes that only hubs reach, known by what these pass on of them: their streams and names.
struct NodeBeyond {
  NodeInfo node;
  std::string via;  // "host/name" of the hub
};
std::vector<NodeBeyond> nodes_beyond(const Catalogue& catalogue);
// E1101 with the nearest live type, as `dts help E1101` explains it.
Error nobody_knows(const Catalogue& catalogue, std::string_view verb, std::string_view type_name);
// "eth0, lo" of the links in use; "this process only" without any.
std::string links_text(const Catalogue& catalogue);
// The exact type id on the bus that begins so.
Result<std::optional<TypeId>> resolve_id(const Catalogue& catalogue, const TypeWish& wish);

}  // namespace dts::cli
