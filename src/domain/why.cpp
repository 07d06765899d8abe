#include "domain/why.hpp"

#include <algorithm>

#include "domain/core.hpp"
#include "domain/health.hpp"

namespace dts {

std::string_view why_name(WhyQuiet reason) {
  switch (reason) {
    case WhyQuiet::not_quiet:
      return "not_quiet";
    case WhyQuiet::no_interface:
      return "no_interface";
    case WhyQuiet::blocked_locally:
      return "blocked_locally";
    case WhyQuiet::no_peers_heard:
      return "no_peers_heard";
    case WhyQuiet::peers_but_not_this_type:
      return "peers_but_not_this_type";
    case WhyQuiet::only_other_domains:
      return "only_other_domains";
    case WhyQuiet::incompatible_type:
      return "incompatible_type";
    case WhyQuiet::publisher_idle:
      return "publisher_idle";
    case WhyQuiet::publisher_gone:
      return "publisher_gone";
    case WhyQuiet::filtered:
      return "filtered";
    case WhyQuiet::data_path_blocked:
      return "data_path_blocked";
    case WhyQuiet::version_mismatch:
      return "version_mismatch";
    case WhyQuiet::decode_errors:
      return "decode_errors";
    case WhyQuiet::overloaded_here:
      return "overloaded_here";
    case WhyQuiet::key_mismatch:
      return "key_mismatch";
  }
  return "unknown";
}

namespace domain {

namespace {

// Values that came within this time are "arriving".
constexpr std::uint64_t quiet_after_ns = 2'000'000'000;

using State = PublisherEvidence::State;

std::string count_of(std::uint64_t n, const char* what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

std::size_t count(const Evidence& e, State state) {
  return static_cast<std::size_t>(
      std::count_if(e.publishers.begin(), e.publishers.end(),
                    [&](const PublisherEvidence& p) { return p.state == state; }));
}

// A publisher of which a large value is on its way.
const PublisherEvidence* arriving_from(const Evidence& e) {
  for (const PublisherEvidence& p : e.publishers)
    if (p.arriving_of > 0 && (p.state == State::matched || p.state == State::document_missing))
      return &p;
  return nullptr;
}

Why make(WhyQuiet reason, std::string text, std::string hint = {}) {
  Why why;
  why.reason = reason;
  why.text = std::move(text);
  why.hint = std::move(hint);
  return why;
}

Why judge_refused_here(const Evidence& e) {
  return make(
      WhyQuiet::blocked_locally,
      "a firewall on this machine refuses our packets (" + count_of(e.send_refused, "packet") + ")",
      "allow UDP port 25555 and multicast to 239.255.0.0/16; dts doctor");
}

// Nothing is delivered, and nothing could be: which of the reasons is the nearest?
Why judge_unreadable(const Evidence& e) {
  const auto one_of = [&](State state) {
    return std::find_if(e.publishers.begin(), e.publishers.end(),
                        [&](const PublisherEvidence& p) { return p.state == state; });
  };
  const auto unselectable = one_of(State::unselectable), refused = one_of(State::refused);
  if (unselectable != e.publishers.end()) {
    Why why = make(WhyQuiet::filtered, "what is selected by does not fit " +
                                           unselectable->type_name + " of " + unselectable->source);
    why.differences = unselectable->refusals;
    if (!why.differences.empty()) {
      why.text += ": " + why.differences.front().reason;
      why.hint = why.differences.front().hint;
    }
    return why;
  }
  if (refused == e.publishers.end())
    return make(WhyQuiet::filtered,
                "the labels or the filter match none of the " +
                    count_of(e.publishers.size(), "source") + " of " + e.asked,
                "subscribe without labels, or compare them with `dts ls`");
  Why why = make(WhyQuiet::incompatible_type,
                 e.by_shape ? "of " + count_of(count(e, State::refused), "source") +
                                  " none has the shape of " + e.asked + "; " + refused->source +
                                  " publishes " + refused->type_name
                            : refused->type_name + " is published by " + refused->source +
                                  ", in a type that cannot be read as the one subscribed to");
  why.differences = refused->refusals;
  if (!why.differences.empty()) {
    const Refusal& first = why.differences.front();
    why.text += ": " + (first.path.empty() ? "" : first.path + ": ") + first.reason;
    why.hint = first.hint;
  }
  return why;
}

Why judge_publishers(const Evidence& e) {
  if (e.discarded > 0)
    return make(WhyQuiet::decode_errors,
                count_of(e.discarded, "message") + " of " + e.asked +
                    " arrived and did not fit what is subscribed to: " + e.decode_error,
                "subscribe to a wider field, or give it a default for what does not fit");
  if (e.decode_errors > 0)
    return make(WhyQuiet::decode_errors,
                count_of(e.decode_errors, "message") + " of " + e.asked +
                    " arrived and could not be decoded",
                "the last error: " + e.decode_error);
  const std::size_t matched = count(e, State::matched), missing = count(e, State::document_missing);
  if (matched + missing == 0) return judge_unreadable(e);
  if (e.not_taken > 0)
    return make(
        WhyQuiet::filtered,
        count_of(e.not_taken, "value") + " of " + e.asked +
            (e.withheld == 0 ? " arrived, and the filter, rate or dead band took none of "
                               "them since"
                             : " published, and none taken since: " + std::to_string(e.withheld) +
                                   " withheld at the publisher: " + e.selection),
        "subscribe without it, and look at the values");
  if (e.dropped_here > 0)
    return make(WhyQuiet::overloaded_here,
                count_of(e.dropped_here, "message or packet") + " dropped here, unread",
                "make the handler faster, or raise the queue and net.core.rmem_max");
  for (const PublisherEvidence& p : e.publishers) {
    const bool no_values = p.received == 0 && e.subscribed &&
                           (p.published > p.published_then || (p.keeps_last && p.published > 0));
    // Asking for the type, and saying that we want it, needs packets that leave this machine.
    if (e.send_refused > 0 && (p.state == State::document_missing || no_values))
      return judge_refused_here(e);
    if (p.state == State::document_missing && p.received > 0)
      return make(WhyQuiet::data_path_blocked,
                  "values of " + e.asked + " come from " + p.source +
                      ", but the description of their type does not arrive",
                  "check what filters packets between the two machines: dts doctor");
    if (no_values)
      return make(WhyQuiet::data_path_blocked,
                  p.source + " announces " + count_of(p.published, "value") + " of " + e.asked +
                      ", and none of them arrives",
                  "multicast or the port may be filtered on the way: dts doctor");
  }
  const PublisherEvidence& one =
      *std::find_if(e.publishers.begin(), e.publishers.end(), [](const PublisherEvidence& p) {
        return p.state == State::matched || p.state == State::document_missing;
      });
  return make(WhyQuiet::publisher_idle,
              one.published == 0
                  ? one.source + " is there to publish " + e.asked + " and has not yet"
                  : one.source + " publishes " + e.asked + ", " + count_of(one.published, "value") +
                        " so far, but none just now",
              "wait, or look at the program that publishes it");
}

Why judge_nobody(const Evidence& e) {
  if (!e.gone.empty())
    return make(WhyQuiet::publisher_gone, "the publisher of " + e.asked + " is gone: " + e.gone,
                "start it again");
  if (e.peers > 0) {
    std::string hint;
    for (const std::string& type : e.peer_types)
      hint += (hint.empty() ? "they publish " : ", ") + type;
    return make(WhyQuiet::peers_but_not_this_type,
                count_of(e.peers, "other node") + " heard, but nobody publishes " + e.asked,
                hint.empty() ? "dts ls shows what is published" : hint);
  }
  if (!e.network && !e.unconnected.empty())
    return make(WhyQuiet::no_interface,
                "there is no connection to " + e.unconnected + ": only this process is reached",
                "start the node that listens there, or look at the address");
  if (!e.network)
    return make(WhyQuiet::no_interface,
                "no network interface is usable: only this process is reached",
                "bring an interface up, or look at DTS_IFACE; dts doctor");
  if (e.send_refused > 0) return judge_refused_here(e);
  if (e.other_versions > 0)
    return make(WhyQuiet::version_mismatch,
                "others are heard, but they speak another version of the protocol (" +
                    count_of(e.other_versions, "packet") + ")",
                "install the same version of DTS on both sides");
  if (e.other_domains > 0)
    return make(
        WhyQuiet::only_other_domains,
        "others are heard, but all in other domains (" + count_of(e.other_domains, "packet") + ")",
        "compare DTS_DOMAIN on both sides");
  return make(
      WhyQuiet::no_peers_heard, "no other node is heard on this network",
      "start a publisher; if one runs on another machine: dts doctor, or DTS_PEERS=host; on "
      "another subnet, behind a router: dts hub, or DTS_TRANSPORTS='udp://?ttl=4'");
}

}  // namespace

Why judge(const Evidence& e) {
  Why why;
  if (e.quiet_ns && *e.quiet_ns < quiet_after_ns)
    why = make(WhyQuiet::not_quiet, "values of " + e.asked + " are arriving");
  else if (const PublisherEvidence* const large = arriving_from(e))
    why = make(WhyQuiet::not_quiet,
               "a value of " + e.asked + " is arriving from " + large->source + ": " +
                   std::to_string(large->arriving_bytes * 100 / large->arriving_of) + " % of " +
                   std::to_string(large->arriving_of) + " bytes are here");
  else if (!e.publishers.empty())
    why = judge_publishers(e);
  else
    why = judge_nobody(e);

  if (e.quiet_ns)
    why.evidence.push_back(
        "the last value came " +
        to_text(Duration(static_cast<std::int64_t>(*e.quiet_ns / 1'000'000 * 1'000'000))) + " ago");
  if (e.defaulted > 0) {
    why.evidence.push_back(count_of(e.defaulted, "value") +
                           " did not fit, and became the default of the field");
  }
  if (e.trimmed > 0)
    why.evidence.push_back(count_of(e.trimmed, "list") + " cut to the length of the array");
  if (e.unknown > 0) {
    why.evidence.push_back(count_of(e.unknown, "field") +
                           " passed over that the publisher's type does not have");
  }
  why.evidence.push_back(count_of(e.peers, "other node") + " heard");
  for (const PublisherEvidence& p : e.publishers) {
    const char* state = p.state == State::matched        ? "matches"
                        : p.state == State::filtered     ? "filtered out"
                        : p.state == State::refused      ? "not readable"
                        : p.state == State::unselectable ? "does not have what is selected by"
                                                         : "its type is not known yet";
    const std::string by = p.via.empty() ? "" : ", by the hub " + p.via;
    why.evidence.push_back(p.source + " publishes " + p.type_name + by + ": " + state + ", " +
                           std::to_string(p.published) + " published, " +
                           std::to_string(p.received) + " received here");
  }
  for (const std::string& line : e.losses) why.evidence.push_back(line);
  if (!e.gone.empty()) why.evidence.push_back(e.gone);
  if (e.filtered > 0)
    why.evidence.push_back(count_of(e.filtered, "value") + " filtered" +
                           (e.withheld == 0 ? ""
                                            : ", " + std::to_string(e.withheld) +
                                                  " of them at the publisher: " + e.selection));
  if (e.decode_errors > 0)
    why.evidence.push_back(count_of(e.decode_errors, "decode error") + ": " + e.decode_error);
  if (e.dropped_here > 0) why.evidence.push_back(std::to_string(e.dropped_here) + " dropped here");
  if (e.send_refused > 0)
    why.evidence.push_back(count_of(e.send_refused, "packet") + " refused by this machine");
  if (e.other_versions > 0)
    why.evidence.push_back(count_of(e.other_versions, "packet") + " of another version");
  if (e.other_domains > 0)
    why.evidence.push_back(count_of(e.other_domains, "packet") + " of other domains");
  return why;
}

}  // namespace domain

domain::PublisherEvidence DomainCore::evidence_of(const Origin* origin, const Source& source,
                                                  const proto::StreamRecord& record,
                                                  const Subscriber* subscriber, Instant now) {
  using domain::PublisherEvidence;
  PublisherEvidence p;
  p.source = source.name;
  p.type_name = record.family_name;
  p.published = record.messages;
  p.keeps_last = record.history > 0 && record.delivery != proto::Delivery::stream;
  if (origin == nullptr) {
    p.published_then = p.published;
    return p;
  }
  p.received = origin->messages + origin->withheld;
  p.published_then = origin->announced_first;
  if (now - origin->arriving.at < std::chrono::nanoseconds(domain::quiet_after_ns)) {
    p.arriving_bytes = origin->arriving.bytes;
    p.arriving_of = origin->arriving.of;
  }
  if (!origin->described()) p.state = PublisherEvidence::State::document_missing;
  for (const Route& to : origin->routes) {
    if (to.subscriber.get() != subscriber) continue;
    if (to.verdict == Route::Verdict::filtered)
      p.state = to.plan != nullptr && to.plan->unselectable ? PublisherEvidence::State::unselectable
                                                            : PublisherEvidence::State::filtered;
    if (to.verdict == Route::Verdict::refused) p.state = PublisherEvidence::State::refused;
    if (to.plan != nullptr) p.refusals = to.plan->reasons();
  }
  return p;
}

namespace {
void note_peer(domain::Evidence& e, const proto::PeerRecord& peer) {
  constexpr std::size_t losses_max = 8;
  ++e.peers;
  std::string losses = domain::losses_of(peer.health);
  if (!losses.empty() && e.losses.size() < losses_max)
    e.losses.push_back(peer.host + "/" + peer.name + " " + std::move(losses));
}

void note_subscriber(domain::Evidence& e, const Subscriber& subscriber, Instant now) {
  if (const std::int64_t last = subscriber.last_ns.load(); last != 0)
    e.quiet_ns = static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, now.time_since_epoch().count() - last));
  e.decode_errors = subscriber.undecodable.get();
  e.decode_error = subscriber.decode_error;
  e.discarded = subscriber.discarded.get();
  e.defaulted = subscriber.defaulted.get();
  e.trimmed = subscriber.trimmed.get();
  e.unknown = subscriber.unknown.get();
  e.filtered = subscriber.filtered + subscriber.not_taken.get() + subscriber.withheld;
  if (subscriber.not_taken_ns.load() > subscriber.last_ns.load())
    e.not_taken = subscriber.not_taken.get() + subscriber.withheld;
  e.withheld = subscriber.withheld;
  if (subscriber.announced) e.selection = domain::shown(*subscriber.announced);
  e.by_shape = subscriber.by_shape;
  e.dropped_here += subscriber.overrun;
}
}  // namespace

domain::Evidence DomainCore::gather(const Subscriber* subscriber, std::string_view family) {
  constexpr std::size_t peer_types_max = 8;
  domain::Evidence e;
  const Instant now = clock();
  e.asked = subscriber != nullptr ? subscriber->name : std::string(family);
  e.subscribed = subscriber != nullptr;
  e.network = false;
  for (const OpenTransport& open : transports_) {
    e.network = e.network || !open.links.empty() || !open.transport->capabilities().groups;
    if (open.links.empty() && open.transport->capabilities().relayed)
      e.unconnected += (e.unconnected.empty() ? "" : ", ") + open.url;
    const TransportCounters counters = open.transport->counters();
    e.send_refused += counters.send_refused;
    e.dropped_here += counters.receive_overflow;
  }
  if (subscriber != nullptr) note_subscriber(e, *subscriber, now);
  const proto::EngineCounters& counters = engine_->counters();
  e.other_domains = counters.packet_other_domain;
  e.other_versions = counters.packet_other_version;

  std::set<std::string> types;
  const FamilyId wanted_family = family_of(e.asked);
  const auto asked = [&](const proto::StreamRecord& record) {
    return subscriber != nullptr ? matches(*subscriber, record) : record.family == wanted_family;
  };
  engine_->for_each_peer([&](const proto::PeerRecord& peer) {
    note_peer(e, peer);
    for (const proto::StreamRecord& record : peer.streams) {
      if (types.size() < peer_types_max) types.insert(record.family_name);
      if (!asked(record)) continue;
      const auto origin = origins_.find(key_of(peer.node, record));
      if (origin != origins_.end())
        e.publishers.push_back(
            evidence_of(origin->second.get(), *origin->second->source, record, subscriber, now));
      else
        e.publishers.push_back(evidence_of(
            nullptr, *describe(peer.node, peer.host, peer.name, record), record, subscriber, now));
      if (record.relay.any()) e.publishers.back().via = peer.host + "/" + peer.name;
    }
  });
  for (const auto& [stream, source] : sources_) {
    proto::StreamRecord record;
    record.family = source->layout->type.family();
    record.family_name = source->layout->type.name();
    record.messages = source->messages;
    record.history = 0;
    if (asked(record))
      e.publishers.push_back(
          evidence_of(source->origin.get(), *source->origin->source, record, subscriber, now));
  }
  e.peer_types.assign(types.begin(), types.end());
  const FamilyId key = subscriber != nullptr ? subscriber->family : wanted_family;
  if (const auto gone = gone_.find(key); gone != gone_.end()) {
    const auto ago = std::chrono::floor<std::chrono::seconds>(now - gone->second.at);
    e.gone = gone->second.source + " " + gone->second.how + " " + to_text(Duration(ago)) + " ago";
  }
  return e;
}

Why DomainCore::why_of(std::uint64_t id) {
  Lock lock(*this);
  const std::shared_ptr<Subscriber> subscriber = find_subscriber(id);
  if (subscriber == nullptr) return {};
  return domain::judge(gather(subscriber.get(), {}));
}

Why DomainCore::why_family(std::string_view family) {
  Lock lock(*this);
  for (const auto& [id, subscriber] : subscribers_)
    if (subscriber->name == family) return domain::judge(gather(subscriber.get(), {}));
  return domain::judge(gather(nullptr, family));
}

// Promise: within two seconds whoever waits is told why nothing comes; once.
void DomainCore::check_silence(Instant now) {
  silence_due_ = Instant::max();
  for (const auto& [id, subscriber] : subscribers_) {
    if (subscriber->silence_told || subscriber->options.quiet) continue;
    if (subscriber->last_ns.load() != 0) {
      subscriber->silence_told = true;
      continue;
    }
    const Instant due = subscriber->since + std::chrono::seconds(2);
    if (now < due) {
      silence_due_ = std::min(silence_due_, due);
      continue;
    }
    const Why why = domain::judge(gather(subscriber.get(), {}));
    if (why.reason == WhyQuiet::not_quiet) {  // the first value is large: whether it goes on coming
      silence_due_ = std::min(silence_due_, now + std::chrono::seconds(2));
      continue;
    }
    subscriber->silence_told = true;
    warn("nothing has arrived for " + subscriber->name + " in " +
         to_text(Duration(std::chrono::floor<std::chrono::seconds>(now - subscriber->since))) +
         ": " + why.text + " (" + std::string(why_name(why.reason)) +
         (why.hint.empty() ? "" : "; try: " + why.hint) + ")");
  }
}

}  // namespace dts
