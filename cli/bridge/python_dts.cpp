#include <cli/bridge/python_dts.hpp>

#include <algorithm>

#include <base/random.hpp>
#include <base/text.hpp>
#include <bridge/python_dts/host_id.hpp>
#include <cli/json_object.hpp>
#include <cli/output.hpp>
#include <cli/words.hpp>
#include <dts/format.hpp>

namespace dts::cli {

namespace py = bridge::python_dts;

namespace {

// Of the Python nodes' pathways each is a source of its own; the one that was silent longest makes
// room.
constexpr std::size_t kSendersMax = 256;
constexpr std::size_t kKeptBytesMax = 4u << 20;
constexpr std::size_t kToldMax = 64;
// At most so many datagrams before the domain has its turn.
constexpr int kRoundMax = 256;

constexpr std::string_view kLabel = "bridge", kLabelValue = "python-dts";

constexpr std::string_view kCountNames[] = {"received",       "own",           "not_blosc",
                                            "too_large",      "not_a_message", "bad_membership",
                                            "unknown_struct", "undecodable",   "stood_by",
                                            "not_published",  "to_domain",     "to_python",
                                            "from_python",    "not_encodable", "not_sent",
                                            "not_kept"};

std::uint64_t random_instance() {
  std::array<std::uint8_t, 8> bytes{};
  base::fill_random(bytes);
  std::uint64_t number = 0;
  for (const std::uint8_t byte : bytes) number = number << 8 | byte;
  return number;
}

std::uint64_t wall_ns(Time time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

}  // namespace

PythonBridge::PythonBridge(Session& session, py::Multicast network, Directory directory,
                           std::uint64_t instance)
    : session_(session),
      network_(std::move(network)),
      directory_(std::move(directory)),
      host_id_(py::own_host_id()),
      instance_(instance),
      buffer_(64 * 1024) {}

Result<std::unique_ptr<PythonBridge>> PythonBridge::open(Session& session,
                                                         std::vector<PythonStruct> structs,
                                                         const std::string& interface,
                                                         std::uint16_t port) {
  DTS_ASSIGN(py::Multicast network, py::Multicast::open(interface, port));
  DTS_TRY(network.join(py::kControlGroup));
  std::vector<std::string> names;
  for (const PythonStruct& each : structs) names.push_back(each.name);
  const std::uint64_t instance = random_instance();
  Directory directory(std::move(names), session.domain().name(), instance, instant_now());
  std::unique_ptr<PythonBridge> opened(
      new PythonBridge(session, std::move(network), std::move(directory), instance));
  for (PythonStruct& each : structs) DTS_TRY(opened->add(std::move(each)));
  Output& out = session.out();
  const std::string where = opened->network_.interface_name() + " (" + opened->network_.address() +
                            "), " + py::group_text(py::kControlGroup) + ":" + std::to_string(port);
  if (out.json())
    out.line(JsonObject()
                 .text("event", "started")
                 .text("domain", session.domain().name())
                 .text("interface", opened->network_.interface_name())
                 .count("structs", opened->structs_.size())
                 .str());
  else
    out.note("bridge between the domain " + base::printable(session.domain().name()) +
             " and Python nodes on " + where);
  out.flush();
  return opened;
}

Result<void> PythonBridge::add(PythonStruct python) {
  auto bridged = std::make_unique<Bridged>();
  bridged->python = std::move(python);
  const Type& type = bridged->python.type;
  const Binding& binding = bridged->python.binding;
  const Format* format = find_format(built_in_formats(), "capnproto");
  if (format == nullptr)
    return Error(ErrorCode::unknown_format, "this build has no capnproto format");
  DTS_ASSIGN(bridged->layout, Layout::of(type));
  bridged->same = Assignment::make(type, type);
  const Layout& layout = *bridged->layout;
  DTS_ASSIGN(bridged->encoder,
             binding.valid() ? format->bound_encoder(layout, binding) : format->encoder(layout));
  DTS_ASSIGN(bridged->decoder, binding.valid()
                                   ? format->bound_decoder(bridged->same, layout, binding)
                                   : format->decoder(bridged->same, layout));
  structs_.push_back(std::move(bridged));
  return {};
}

Session::End PythonBridge::run() {
  subscribe();
  for (;;) {
    Directory::Actions actions;
    directory_.tick(instant_now(), actions);
    act(actions);
    if (directory_.settled() && !begun_) begin();
    const Instant until = directory_.next_deadline();
    const auto end = session_.run(
        until,
        [&] {
          receive_all();
          session_.out().flush();
          return directory_.next_deadline() < until;
        },
        network_.poll_handle());
    if (end != Session::End::deadline && end != Session::End::done) return end;
  }
}

void PythonBridge::finish() {
  for (auto& each : structs_) each->subscription.cancel();
  Directory::Actions actions;
  directory_.leave(actions);
  act(actions);
  Output& out = session_.out();
  if (out.json()) {
    JsonObject counters;
    counters.text("event", "counters");
    for (std::size_t i = 0; i < counts_.size(); ++i) counters.count(kCountNames[i], counts_[i]);
    out.line(counters.str());
    return;
  }
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < counts_.size(); ++i)
    if (counts_[i] != 0) parts.push_back(std::string(kCountNames[i]) + " " + grouped(counts_[i]));
  out.note(parts.empty() ? "nothing came by" : joined(parts, ", "));
}

// --- from Python ------------------------------------------------------------------------------

void PythonBridge::receive_all() {
  for (int i = 0; i < kRoundMax; ++i) {
    const auto received = network_.receive(buffer_);
    if (!received) return;
    receive({buffer_.data(), received->bytes}, received->from);
  }
}

void PythonBridge::receive(ByteView bytes, const std::string& from) {
  count(Count::received);
  const auto message = py::unpack(bytes);
  if (!message) {
    const bool large = message.error().code() == ErrorCode::too_large;
    return count(large ? Count::too_large : Count::not_blosc, from, &message.error());
  }
  auto datagram = py::read_message(*message);
  if (!datagram) return count(Count::not_a_message, from, &datagram.error());
  if (datagram->host_id == host_id_ && datagram->instance_id == instance_) return count(Count::own);
  if (datagram->query || datagram->struct_name == py::kMembershipName)
    return receive_control(*datagram, from);
  const auto index = directory_.find(datagram->struct_name);
  if (!index) {
    ++counts_[static_cast<std::size_t>(Count::unknown_struct)];
    if (told_structs_.size() >= kToldMax || !told_structs_.insert(datagram->struct_name).second)
      return;
    session_.out().warn("a value of \"" + base::printable(datagram->struct_name) + "\" from " +
                        from + " is not passed on: no schema given here defines it");
    return;
  }
  if (!directory_.active()) return count(Count::stood_by);
  publish(*index, std::move(*datagram), from);
}

void PythonBridge::receive_control(const Datagram& datagram, const std::string& from) {
  Directory::Actions actions;
  if (datagram.query) {
    directory_.heard_query(instant_now(), datagram.struct_name, *datagram.query,
                           datagram.instance_id, from, actions);
  } else {
    const auto membership = py::read_membership(datagram.content);
    if (!membership) return count(Count::bad_membership, from, &membership.error());
    directory_.heard_membership(*membership, from, actions);
  }
  act(actions);
}

void PythonBridge::publish(Directory::StructIndex index, Datagram datagram,
                           const std::string& from) {
  const Bridged& bridged = *structs_[index];
  const auto content = py::in_one_segment(std::move(datagram.content));
  if (!content) return count(Count::undecodable, from, &content.error());
  Value value(bridged.layout);
  if (const auto read = bridged.decoder->decode(*content, value.data()); !read) {
    const Error error(ErrorCode::decode, "not a message of its struct", bridged.python.name,
                      read.error().what());
    return count(Count::undecodable, from, &error);
  }
  const auto publisher = publisher_of(index, datagram, from);
  if (!publisher) return count(Count::not_published, from, &publisher.error());
  if (const auto done = (*publisher)->publish(value); !done)
    return count(Count::not_published, from, &done.error());
  count(Count::to_domain);
}

Result<ValuePublisher*> PythonBridge::publisher_of(Directory::StructIndex index,
                                                   const Datagram& datagram,
                                                   const std::string& from) {
  const SenderKey key(index, datagram.host_id, datagram.instance_id);
  const Instant now = instant_now();
  if (const auto known = senders_.find(key); known != senders_.end()) {
    known->second.used = now;
    return &known->second.publisher;
  }
  if (senders_.size() >= kSendersMax)
    senders_.erase(std::min_element(
        senders_.begin(), senders_.end(),
        [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
  PublishOptions options;
  options.labels = {{std::string(kLabel), std::string(kLabelValue)}, {"from", from}};
  DTS_ASSIGN(ValuePublisher publisher,
             session_.domain().publisher(structs_[index]->python.type, options));
  return &senders_.emplace(key, Sender{std::move(publisher), now}).first->second.publisher;
}

// --- to Python --------------------------------------------------------------------------------

// For as long as the bridge runs, also while it stands by, so that it knows what the other bridge
// has sent when it takes over.
void PythonBridge::subscribe() {
  for (Directory::StructIndex i = 0; i < structs_.size(); ++i) {
    SubscribeOptions options;
    options.quiet = true;
    structs_[i]->subscription = session_.domain().subscribe(
        structs_[i]->python.type,
        [this, i](const Value& value, const Sample& sample) {
          send_value(i, value.data(), sample);
        },
        std::move(options));
  }
}

// It is known by now whether another bridge works: then it has sent what came so far.
void PythonBridge::begin() {
  begun_ = true;
  if (!directory_.active()) return;
  for (Directory::StructIndex i = 0; i < structs_.size(); ++i) send_last(i);
}

void PythonBridge::send_last(Directory::StructIndex index) {
  for (const auto& [source, content] : structs_[index]->last) send_content(index, content);
}

void PythonBridge::send_value(Directory::StructIndex index, const void* value,
                              const Sample& sample) {
  // Whatever a bridge took from Python nodes is not given to any: so nothing can go in circles.
  const auto label = sample.labels().find(kLabel);
  if (label != sample.labels().end() && label->second == kLabelValue)
    return count(Count::from_python);
  Bridged& bridged = *structs_[index];
  Bytes content;
  if (const auto done = bridged.encoder->encode(value, content); !done)
    return count(Count::not_encodable, sample.source(), &done.error());
  keep(bridged, sample, content);
  if (!directory_.active()) return count(Count::stood_by);
  send_content(index, content);
}

void PythonBridge::send_content(Directory::StructIndex index, const Bytes& content) {
  Directory::Actions actions;
  directory_.needed(index, actions);
  act(actions);
  count(Count::to_python);
  for (const std::uint32_t group : directory_.groups(index)) {
    Datagram datagram;
    datagram.struct_name = structs_[index]->python.name;
    datagram.content = content;
    send(group, std::move(datagram));
  }
}

void PythonBridge::keep(Bridged& bridged, const Sample& sample, const Bytes& content) {
  Bytes& kept = bridged.last[{sample.origin().node_id, sample.origin().stream}];
  kept_bytes_ -= kept.size();
  kept.clear();
  if (bridged.last.size() <= kSendersMax && kept_bytes_ + content.size() <= kKeptBytesMax) {
    kept = content;
    kept_bytes_ += kept.size();
    return;
  }
  bridged.last.erase({sample.origin().node_id, sample.origin().stream});
  count(Count::not_kept);
}

void PythonBridge::send(std::uint32_t group, Datagram datagram) {
  datagram.host_id = host_id_;
  datagram.instance_id = instance_;
  datagram.timestamp_ns = wall_ns(dts::now());
  const auto bytes = py::write_datagram(datagram);
  if (!bytes) return count(Count::not_sent, {}, &bytes.error());
  if (const auto sent = network_.send(group, *bytes); !sent)
    count(Count::not_sent, {}, &sent.error());
}

// --- both -------------------------------------------------------------------------------------

void PythonBridge::act(const Directory::Actions& actions) {
  Output& out = session_.out();
  for (const std::uint32_t group : actions.leave) network_.leave(group);
  for (const std::uint32_t group : actions.join)
    if (const auto joined_it = network_.join(group); !joined_it) out.error(joined_it.error());
  for (const Directory::Letter& letter : actions.letters) {
    Datagram datagram;
    datagram.struct_name = std::string(py::kMembershipName);
    datagram.query = letter.query;
    if (!letter.query) datagram.content = py::write_membership(letter.membership);
    send(py::kControlGroup, std::move(datagram));
  }
  for (const Directory::StructIndex index : actions.wanted) send_last(index);
  for (const std::string& note : actions.notes) {
    if (out.json())
      out.line(JsonObject().text("event", "note").text("text", note).str());
    else
      out.note(note);
  }
}

void PythonBridge::count(Count what, const std::string& from, const Error* error) {
  const auto index = static_cast<std::size_t>(what);
  if (++counts_[index] != 1 || error == nullptr) return;
  session_.out().warn(base::printable(error->what()) +
                      (error->where().empty() ? "" : " (" + base::printable(error->where()) + ")") +
                      (error->why().empty() ? "" : ": " + base::printable(error->why())) +
                      (from.empty() ? "" : ", from " + base::printable(from)) +
                      "; more of them are only counted (" + std::string(kCountNames[index]) + ")");
}

}  // namespace dts::cli
