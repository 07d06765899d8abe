#include <cli/session.hpp>

#include <poll.h>
#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <tuple>

#include <base/text.hpp>
#include <cli/interrupt.hpp>
#include <cli/output.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

std::vector<std::string> split(std::string_view text, char between) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = text.find(between);
    if (end != 0) parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

int milliseconds_until(Instant when) {
  const auto left = when - instant_now();
  if (left <= Duration::zero()) return 0;
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::min<std::int64_t>(ms, 60'000));
}

}  // namespace

Instant instant_now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
}

Result<std::unique_ptr<Session>> Session::open(Invocation& invocation) {
  DTS_ASSIGN(const std::optional<Duration> timeout, invocation.duration("timeout"));
  DomainOptions options;
  options.name = invocation.value("domain").value_or("");
  std::string verb = invocation.path();
  std::replace(verb.begin(), verb.end(), ' ', '-');
  options.node = "dts-" + verb;
  for (const std::string& value : invocation.values("iface")) {
    for (std::string& name : split(value, ',')) options.interfaces.push_back(std::move(name));
  }
  for (const std::string& value : invocation.values("peer")) {
    for (std::string& host : split(value, ',')) options.peers.push_back(std::move(host));
  }
  Output& out = invocation.out();
  options.log = [&out](std::string_view line) { out.warn(base::printable(line)); };
  return std::unique_ptr<Session>(new Session(out, std::move(options), timeout));
}

Session::Session(Output& out, DomainOptions options, std::optional<Duration> timeout)
    : out_(out), started_(instant_now()) {
  catch_interrupts();
  if (timeout) timeout_at_ = started_ + *timeout;
  domain_ = std::make_unique<Domain>(std::move(options));
}

Session::~Session() {
  tell_notices();
  domain_->close();
}

Duration Session::elapsed() const { return instant_now() - started_; }

void Session::tell_notices() {
  if (!out_.style().verbose) return;
  for (const std::string& line : domain_->notices()) out_.detail(base::printable(line));
  std::vector<std::string> counters;
  for (const Counter& counter : domain_->counters()) {
    if (counter.value > 0) counters.push_back(counter.name + " " + grouped(counter.value));
  }
  out_.detail("counters: " + joined(counters, ", "));
}

Session::End Session::run(std::optional<Instant> until, const std::function<bool()>& done,
                          int extra_fd) {
  for (;;) {
    domain_->poll();
    if (done && done()) return End::done;
    if (!out_.flush()) return *(ended_ = End::reader_gone);
    if (interrupted()) return *(ended_ = End::interrupted);
    const Instant at = instant_now();
    if (timeout_at_ && at >= *timeout_at_) return *(ended_ = End::timeout);
    if (until && at >= *until) return End::deadline;
    int wait = 60'000;
    if (until) wait = std::min(wait, milliseconds_until(*until));
    if (timeout_at_) wait = std::min(wait, milliseconds_until(*timeout_at_));
    // stdout with no events asked for: reports only that the other end of a pipe has gone.
    pollfd fds[] = {{domain_->fd(), POLLIN, 0},
                    {interrupt_fd(), POLLIN, 0},
                    {out_.out_fd(), 0, 0},
                    {extra_fd, POLLIN, 0}};
    if (::poll(fds, 4, wait) < 0 && errno != EINTR) return *(ended_ = End::interrupted);
    if ((fds[2].revents & (POLLERR | POLLNVAL)) != 0) return *(ended_ = End::reader_gone);
  }
}

bool Session::run_for(Duration duration) {
  return run(instant_now() + duration, nullptr) == End::deadline;
}

int Session::exit_code(End end, int otherwise) {
  if (end == End::timeout) return exit_timeout;
  if (end == End::interrupted || end == End::reader_gone) return exit_ok;
  return otherwise;
}

Duration Session::within_timeout(Duration wish) const {
  if (!timeout_at_) return wish;
  return std::clamp(*timeout_at_ - instant_now(), Duration::zero(), wish);
}

bool TypeWish::is_pattern() const { return name.find_first_of("*?") != std::string::npos; }

Result<TypeWish> parse_type_wish(std::string_view text) {
  TypeWish wish;
  const std::size_t at = text.find('@');
  wish.name = text.substr(0, at);
  if (at != std::string_view::npos) {
    wish.id_prefix = text.substr(at + 1);
    const bool hex = !wish.id_prefix.empty() &&
                     wish.id_prefix.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!hex || wish.id_prefix.size() > 32) {
      return Error(ErrorCode::invalid_argument,
                   "\"" + base::printable(text) + "\" is not a type and its id", {},
                   "behind @ stand the first hex digits of the type's id",
                   wish.name + "@9f3a7c1e (dts show " + wish.name + " lists the ids)");
    }
  }
  std::string plain = wish.name;
  std::replace_if(
      plain.begin(), plain.end(), [](char c) { return c == '*' || c == '?'; }, 'x');
  if (!is_type_name(plain)) {
    return Error(ErrorCode::invalid_name, "\"" + base::printable(text) + "\" is not a type's name",
                 {}, "a name is words of letters, digits and _ with dots between",
                 "brewery.Temperature, or a pattern such as 'brewery.*'");
  }
  return wish;
}

std::vector<std::string> live_types(const Catalogue& catalogue) {
  std::set<std::string> names;
  for (const NodeInfo& node : catalogue.nodes) {
    if (node.self) continue;
    for (const StreamInfo& stream : node.streams) names.insert(stream.source.type_name);
    for (const InterestInfo& want : node.wants) {
      if (want.type_name.find_first_of("*?") == std::string::npos) names.insert(want.type_name);
    }
  }
  return {names.begin(), names.end()};
}

std::size_t publishers_of(const Catalogue& catalogue, std::string_view type_name) {
  std::size_t count = 0;
  for (const NodeInfo& node : catalogue.nodes) {
    if (node.self) continue;
    for (const StreamInfo& stream : node.streams) count += stream.source.type_name == type_name;
  }
  return count;
}

std::string node_text(const NodeInfo& node) {
  return base::printable(node.host) + "/" + base::printable(node.name);
}

const InterestInfo* want_of(const NodeInfo& node, std::string_view type_name) {
  const auto want = std::find_if(node.wants.begin(), node.wants.end(), [&](const auto& each) {
    return base::glob_match(each.type_name, type_name);
  });
  return node.self || want == node.wants.end() ? nullptr : &*want;
}

std::vector<std::string> subscribers_of(const Catalogue& catalogue, std::string_view type_name,
                                        bool selecting) {
  std::vector<std::string> names;
  for (const NodeInfo& node : catalogue.nodes) {
    const InterestInfo* const want = want_of(node, type_name);
    if (want == nullptr) continue;
    const bool all = !selecting || want->selection.empty();
    names.push_back(node_text(node) + (all ? "" : " (" + want->selection + ")"));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<NodeBeyond> nodes_beyond(const Catalogue& catalogue) {
  std::map<NodeId, NodeBeyond> beyond;
  for (const NodeInfo& hub : catalogue.nodes)
    for (const StreamInfo& stream : hub.streams) {
      const NodeId id = stream.source.node_id;
      const bool direct = std::any_of(catalogue.nodes.begin(), catalogue.nodes.end(),
                                      [&](const NodeInfo& node) { return node.id == id; });
      if (direct) continue;
      NodeBeyond& there = beyond[id];
      there.node.id = id;
      there.node.host = stream.source.host;
      there.node.name = stream.source.node;
      there.node.streams.push_back(stream);
      there.via = node_text(hub);
    }
  std::vector<NodeBeyond> all;
  for (auto& [id, there] : beyond) all.push_back(std::move(there));
  std::sort(all.begin(), all.end(), [](const NodeBeyond& a, const NodeBeyond& b) {
    return std::tie(a.node.host, a.node.name, a.node.id) <
           std::tie(b.node.host, b.node.name, b.node.id);
  });
  return all;
}

Error nobody_knows(const Catalogue& catalogue, std::string_view verb, std::string_view type_name) {
  const std::string what = "nobody on domain '" + base::printable(catalogue.domain) +
                           "' publishes or asks for a type \"" + base::printable(type_name) + "\"";
  std::vector<std::string> types = live_types(catalogue);
  std::erase(types, type_name);  // asked for by others, and so no help
  const std::string near = base::nearest(type_name, types);
  if (near.empty())
    return Error(ErrorCode::unknown_type, what, {}, {}, "dts ls shows what is there");
  const std::size_t publishers = publishers_of(catalogue, near);
  const std::string safe = base::printable(near);
  return Error(ErrorCode::unknown_type, what, {}, {},
               "did you mean  " + safe + "   (" + counted(publishers, "publisher") +
                   ")?        dts " + std::string(verb) + " " + safe);
}

std::string links_text(const Catalogue& catalogue) {
  std::vector<std::string> names;
  for (const Link& link : catalogue.links) {
    if (std::find(names.begin(), names.end(), link.name) == names.end()) names.push_back(link.name);
  }
  return names.empty() ? "this process only" : base::printable(joined(names, ", "));
}

Result<std::optional<TypeId>> resolve_id(const Catalogue& catalogue, const TypeWish& wish) {
  if (wish.id_prefix.empty()) return std::optional<TypeId>();
  std::set<TypeId> found;
  std::vector<std::string> ids;
  for (const NodeInfo& node : catalogue.nodes) {
    for (const StreamInfo& stream : node.streams) {
      if (stream.source.type_name != wish.name) continue;
      const std::string hex = stream.source.type.hex();
      if (hex.compare(0, wish.id_prefix.size(), wish.id_prefix) == 0) {
        found.insert(stream.source.type);
      }
      if (std::find(ids.begin(), ids.end(), hex.substr(0, 8)) == ids.end()) {
        ids.push_back(hex.substr(0, 8));
      }
    }
  }
  const std::string written = wish.name + "@" + wish.id_prefix;
  if (found.size() == 1) return std::optional<TypeId>(*found.begin());
  if (found.size() > 1) {
    return Error(ErrorCode::unknown_type, written + " stands for several types", {}, {},
                 "more digits: " + joined(ids, ", "));
  }
  return Error(ErrorCode::unknown_type, "nobody publishes " + written, {}, {},
               ids.empty() ? "dts ls" : "there is " + wish.name + "@" + joined(ids, ", @"));
}

}  // namespace dts::cli
