// Publishers, and step 3 of a value's way: submit() takes the lock, reads the clock once, hands
// the message to local subscribers and to the engine, and decides whether it leaves at once.
#include "base/compression.hpp"
#include "base/text.hpp"
#include "domain/core.hpp"

namespace dts {

namespace {

// A packet leaves at once unless another left less than this ago: then messages gather.
constexpr Duration gather_window = std::chrono::microseconds(40);
// So many bytes of packets are one UDP_SEGMENT send.
constexpr std::size_t gather_bytes = 60'000;
// From this size on the encoded message is shared with the engine instead of copied.
constexpr std::size_t shared_bytes_min = 16 * 1024;
// A thread keeps what it encodes in up to this size.
constexpr std::size_t scratch_bytes_max = 8u << 20;

// Where this thread encodes; emptied, but its memory is kept.
std::shared_ptr<Bytes>& scratch() {
  thread_local std::shared_ptr<Bytes> bytes;
  if (bytes == nullptr) bytes = std::make_shared<Bytes>();
  bytes->clear();
  return bytes;
}

// Where this thread compresses.
std::shared_ptr<Bytes>& packing() {
  thread_local std::shared_ptr<Bytes> bytes;
  if (bytes == nullptr) bytes = std::make_shared<Bytes>();
  return bytes;
}

Result<std::unique_ptr<Encoder>> encoder_of(const Format& format, const Layout& layout,
                                            const Binding& binding) {
  return binding.valid() ? format.bound_encoder(layout, binding) : format.encoder(layout);
}

}  // namespace

SourceState::~SourceState() {
  if (stream != 0) core->close_source(*this);
}

Result<std::shared_ptr<SourceState>> DomainCore::open_source(LayoutPtr layout,
                                                             PublishOptions options) {
  DTS_TRY(domain::check_labels(options.labels));
  if (options.name.size() > 255)
    return Error(ErrorCode::too_large, "a source's name has at most 255 bytes", options.name);
  const Format* format = find_format(options_.formats, options.format);
  if (format == nullptr) {
    std::vector<std::string> names;
    for (const Format* known : options_.formats) names.emplace_back(known->name());
    return Error(ErrorCode::unknown_format, "no format is called '" + options.format + "'", {}, {},
                 base::nearest(options.format, names));
  }
  const Type& type = layout->type;
  const Binding& binding = options.binding;
  if (binding.valid() && (binding.format() != format->name() || binding.type() != type.id())) {
    return Error(
        ErrorCode::invalid_argument, "the binding is for something else", type.name(),
        "it is for the format " + binding.format() + " and the type " + binding.type().short_hex());
  }
  DTS_ASSIGN(std::unique_ptr<Encoder> encoder, encoder_of(*format, *layout, binding));

  proto::StreamRecord record;
  record.family = type.family();
  record.family_name = type.name();
  record.type = type.id();
  record.format = format->code();
  if (binding.valid()) record.binding = binding.id();
  record.delivery = static_cast<proto::Delivery>(options.profile);
  record.waits = options.when_full.waits;
  record.history = options.profile == Profile::stream ? 0 : options.history;
  record.source = options.name;
  Labels labels = environment_.labels;
  for (const auto& [key, value] : options.labels) labels[key] = value;
  record.labels.assign(labels.begin(), labels.end());

  auto source = std::make_shared<SourceState>();
  Lock lock(*this);
  if (closed_) return Error(ErrorCode::closed, "the domain is closed");
  learn(type);
  if (binding.valid()) {
    engine_->offer_document(proto::document_id(binding.id()),
                            Bytes(binding.document().begin(), binding.document().end()));
  }
  proto::Outbox out;
  DTS_ASSIGN(record.stream,
             engine_->open_stream(clock(), record,
                                  Bytes(type.document().begin(), type.document().end()), out));
  source->core = shared_from_this();
  source->layout = std::move(layout);
  source->encoder = std::move(encoder);
  source->format = format;
  source->stream = record.stream;
  source->options = std::move(options);
  source->origin = origin_of(engine_->node(), record.stream, record);
  source->origin->local = true;
  source->judge.set_publisher(
      {format, source->options.binding,
       [this, stream = record.stream](const auto& visit) {
         engine_->for_each_kept(
             stream, [&](proto::Sequence, proto::Sequence, std::int64_t time, ByteView bytes,
                         Compression compression) { visit(time, bytes, compression); });
       },
       [this](std::string line) { tell(std::move(line)); }});
  sources_[record.stream] = source.get();
  route(*source->origin, out);
  settle(out);
  return source;
}

void DomainCore::close_source(SourceState& source) {
  std::shared_ptr<domain::Answering> answering;
  {
    Lock lock(*this);
    sources_.erase(source.stream);  // from here on nobody asks it
    answering = std::move(source.answering);
  }
  // Returns when no handler of on_query is running, but for the one this is called from.
  if (answering != nullptr) cancel(answering->runner->id);
  Lock lock(*this);
  forget({engine_->node(), source.stream}, "left");
  if (closed_) return;
  const Instant now = clock();
  engine_->flush(now, out_);
  engine_->close_stream(now, source.stream, out_);
  settle(out_);
}

// True when somebody here has a share of `encoded` from now on.
bool DomainCore::offer_local(Origin& origin, proto::Sequence sequence, std::int64_t published_ns,
                             const std::shared_ptr<Bytes>& encoded) {
  if (!origin.routed) {
    proto::Outbox out;
    route(origin, out);
    send(out);
  }
  ++origin.messages;
  if (origin.routes.empty()) return false;
  if (origin.source->profile == Profile::command) expect_handling(origin, sequence);
  const bool shared = encoded->size() >= shared_bytes_min;
  Item item;
  item.origin = &origin;
  item.owner = shared ? std::shared_ptr<const Bytes>(encoded)
                      : std::make_shared<const Bytes>(encoded->begin(), encoded->end());
  item.bytes = *item.owner;
  item.first = item.last = sequence;
  item.published_ns = published_ns;
  for (Route& to : origin.routes) hand(nullptr, to, item);
  return shared;
}

void DomainCore::flush(Instant now) {
  last_flush_ = now;
  flush_due_ = Instant::max();
  engine_->flush(now, out_);
  send(out_);
  out_.memory.clear();
}

Result<void> DomainCore::submit(SourceState& source, std::shared_ptr<Bytes>& encoded,
                                const LayoutPtr& layout, const void* value) {
  // Handlers may run on this thread while it waits, and publish: they encode elsewhere.
  Encoded message{std::exchange(encoded, nullptr), nullptr, layout, value};
  // Before the lock: nobody else waits for it. Too large a message is left to be refused as it is.
  const PublishOptions& options = source.options;
  if (options.compression != Compression::none &&
      message.bytes->size() > options.compress_above_bytes &&
      message.bytes->size() <= options_.message_bytes_max &&
      base::compress(options.compression, *message.bytes, *packing()))
    message.packed = std::exchange(packing(), nullptr);
  Result<void> done = submit_locked(source, message);
  if (encoded == nullptr) encoded = std::move(message.bytes);
  if (message.packed != nullptr) packing() = std::move(message.packed);
  return done;
}

Result<void> DomainCore::submit_locked(SourceState& source, Encoded& encoded) {
  Lock lock(*this);
  if (source.options.profile == Profile::command) return submit_command(lock, source, encoded);
  const Result<proto::Sequence> done = submit_now(source, encoded);
  if (done) return {};
  if (done.error().code() != ErrorCode::would_block || !source.options.when_full.waits)
    return done.error();
  return submit_waiting(lock, source, encoded);
}

Result<proto::Sequence> DomainCore::submit_now(SourceState& source, Encoded& encoded) {
  if (closed_) return Error(ErrorCode::closed, "the domain is closed");
  const Instant now = clock();
  const std::int64_t wall_ns = wall_at(now);
  std::shared_ptr<Bytes>& sent = encoded.packed ? encoded.packed : encoded.bytes;
  proto::MessageView message{
      *sent, wall_ns, {}, encoded.packed ? source.options.compression : Compression::none};
  if (sent->size() >= shared_bytes_min) message.owner = sent;
  if (source.options.when_full.waits && !room_here(source, encoded.bytes->size()))
    return Error(ErrorCode::would_block);
  source.judge.show(encoded.layout, encoded.value, wall_ns);
  message.judge = &source.judge;
  const Result<proto::Sequence> sequence = engine_->publish(now, source.stream, message, out_);
  if (!sequence) {
    if (sequence.error().code() == ErrorCode::would_block)
      (source.options.when_full.waits ? source.full : blocked_) = true;
    return sequence.error();
  }
  ++source.messages;
  source.bytes += encoded.bytes->size();
  const bool shared_here = offer_local(*source.origin, *sequence, wall_ns, encoded.bytes);
  message.owner = nullptr;
  // What others share, the next message is not encoded into.
  const auto reuse = [&](std::shared_ptr<Bytes>& memory, bool shared) {
    if (shared || memory.use_count() > 1 || memory->capacity() > scratch_bytes_max)
      memory = engine_->spare().take();
  };
  if (encoded.packed != nullptr) reuse(encoded.packed, false);
  reuse(encoded.bytes, shared_here);

  // Without a thread in the loop nobody would send what gathers.
  if (loops_.empty() || now - last_flush_ >= gather_window) {
    flush(now);
  } else {
    if (out_.memory.size() >= gather_bytes) {
      last_flush_ = now;
      send(out_);
      out_.memory.clear();
    }
    if (flush_due_ == Instant::max()) flush_due_ = now + gather_window;
  }
  take_in(out_, nullptr);
  arm_timer();
  return sequence;
}

Result<void> DomainCore::publish_once(const Layout& layout, const void* value) {
  std::shared_ptr<SourceState> source;
  {
    Lock lock(*this);
    const auto found = own_publishers_.find(&layout);
    if (found != own_publishers_.end()) source = found->second;
  }
  if (source == nullptr) {
    // The layout of a C++ type lives for ever: nothing to own.
    DTS_ASSIGN(source, open_source(LayoutPtr(LayoutPtr(), &layout), {}));
    Lock lock(*this);
    const auto [place, fresh] = own_publishers_.emplace(&layout, source);
    if (!fresh) {
      const std::shared_ptr<SourceState> extra = std::exchange(source, place->second);
      lock.unlock();  // the extra one, of a thread that was quicker, is closed without the lock
    }
  }
  return publish_at(*source, value);
}

Result<void> DomainCore::publish_at(SourceState& source, const void* value) {
  std::shared_ptr<Bytes>& bytes = scratch();
  DTS_TRY(source.encoder->encode(value, *bytes));
  return submit(source, bytes, source.layout, value);
}

Result<void> DomainCore::publish_value(SourceState& source, const Value& value) {
  if (!value.valid())
    return Error(ErrorCode::invalid_argument, "an empty value cannot be published");
  if (value.type() != source.layout->type)
    return Error(
        ErrorCode::incompatible_type,
        "a value of " + value.type().name() + " cannot be published here", {},
        "this publisher is for exactly " + source.layout->type.print(Type::Style::one_line));
  const Encoder* encoder = source.encoder.get();
  std::shared_ptr<const Encoder> dynamic;
  const LayoutPtr layout = value.layout_ptr();
  if (layout != source.layout) {
    // Another layout of the same type: that of a C++ type, or one computed twice.
    Lock lock(*this);
    if (source.dynamic_layout != layout) {
      DTS_ASSIGN(std::unique_ptr<Encoder> made,
                 encoder_of(*source.format, *layout, source.options.binding));
      source.dynamic_layout = layout;
      source.dynamic_encoder = std::move(made);
    }
    dynamic = source.dynamic_encoder;
    encoder = dynamic.get();
  }
  std::shared_ptr<Bytes>& bytes = scratch();
  DTS_TRY(encoder->encode(value.data(), *bytes));
  return submit(source, bytes, layout, value.data());
}

Result<void> DomainCore::wait_writable(Duration timeout) {
  Lock lock(*this);
  if (wait(lock, clock() + timeout, [&] { return !blocked_ || closed_; })) {
    if (closed_) return Error(ErrorCode::closed, "the domain is closed");
    return {};
  }
  return Error(ErrorCode::timeout, "the backlog is still full", {},
               "messages are published faster than they can be sent");
}

std::size_t DomainCore::subscribers(const SourceState& source) {
  Lock lock(*this);
  return closed_ ? 0 : subscribers_of(source);
}

std::size_t DomainCore::subscribers_of(const SourceState& source) const {
  std::size_t count = engine_->subscribers_of(source.stream);
  for (const Route& to : source.origin->routes)
    if (to.verdict == Route::Verdict::deliver) {
      ++count;  // this node, once
      break;
    }
  return count;
}

Result<void> DomainCore::wait_for_subscribers(const SourceState& source, std::size_t count,
                                              Duration timeout) {
  Lock lock(*this);
  std::size_t have = 0;
  const auto enough = [&] { return closed_ || (have = subscribers_of(source)) >= count; };
  const bool done = wait(lock, clock() + timeout, enough);
  if (closed_) return Error(ErrorCode::closed, "the domain is closed");
  if (done) return {};
  return Error(ErrorCode::timeout,
               "there are " + std::to_string(have) + " of " + std::to_string(count) +
                   " subscribers to " + source.origin->source->type_name,
               {}, "no more came within " + to_text(timeout),
               "dts nodes; dts show " + source.origin->source->type_name);
}

}  // namespace dts
