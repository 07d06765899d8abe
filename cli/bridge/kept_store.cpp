#include <cli/bridge/kept_store.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <base/text.hpp>
#include <transport/broker/envelope.hpp>
#include <transport/descriptor.hpp>
#include <transport/nats/access.hpp>

namespace dts::cli {

using transport::nats_last_word;

namespace {

constexpr std::int64_t kPatienceMs = 2000, kConfirmMs = 5000;
constexpr std::size_t kWaitingBytesMax = 64u << 20, kWaitingMax = 65'536;
constexpr std::size_t kEventsMax = 1024;
constexpr std::int64_t kUnconfirmedMax = 1024;
constexpr std::chrono::seconds kPause{1};  // before what was not confirmed is sent again
constexpr const char* kIdHeader = "Nats-Msg-Id";

// What libnats makes, destroyed with its owner.
template <class T, void (*destroy)(T*)>
struct Owned {
  T* pointer = nullptr;
  Owned() = default;
  explicit Owned(T* owned) : pointer(owned) {}
  Owned(Owned&& other) noexcept : pointer(std::exchange(other.pointer, nullptr)) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(pointer, other.pointer);
    return *this;
  }
  ~Owned() { destroy(pointer); }
};
using Settings = Owned<natsOptions, &natsOptions_Destroy>;
using Connection = Owned<natsConnection, &natsConnection_Destroy>;
using Context = Owned<jsCtx, &jsCtx_Destroy>;
using Reading = Owned<natsSubscription, &natsSubscription_Destroy>;
using Message = Owned<natsMsg, &natsMsg_Destroy>;
using StreamState = Owned<jsStreamInfo, &jsStreamInfo_Destroy>;
using Position = Owned<jsMsgMetaData, &jsMsgMetaData_Destroy>;

std::size_t size_of(const Message& message) {
  return static_cast<std::size_t>(::natsMsg_GetDataLength(message.pointer));
}

Error failure(std::string what, const std::string& place, natsStatus status) {
  const std::string said = nats_last_word();
  return Error(status == NATS_TIMEOUT ? ErrorCode::timeout : ErrorCode::system, std::move(what),
               place, std::string(::natsStatus_GetText(status)) + (said.empty() ? "" : ": " + said),
               "nats-server -js, and a user who may use $JS.API.>");
}

class JetStreamStore final : public KeptStore {
 public:
  JetStreamStore() = default;
  JetStreamStore(const JetStreamStore&) = delete;
  Result<void> begin(const Options& options);
  bool end();  // false: the library may still call back

  const std::string& place() const override { return access_.place; }
  int handle() const override { return wake_.get(); }
  std::vector<Event> take_events() override;
  bool add(const std::string& source, const std::string& id, ByteView value) override;
  Result<void> add_type(const std::string& id, ByteView document) override;
  std::size_t flush(Duration most) override;
  Result<void> read_types(const Visit& visit) override {
    return read_all(types_, type_subjects_, js_DeliverAll, {}, visit);
  }
  Result<void> read_last_of_each(const Visit& visit) override {
    return read_all(values_, value_subjects_, js_DeliverLastPerSubject, {}, visit);
  }
  Result<void> read(const std::string& source, std::optional<Time> from,
                    const Visit& visit) override;

 private:
  Result<void> make(const std::string& stream, const std::string& subjects, const Options* limits);
  Result<void> read_all(const std::string& stream, const std::string& subjects,
                        jsDeliverPolicy which, std::optional<Time> from, const Visit& visit);
  Result<void> check_connected();  // who asks is not kept waiting
  void tell(Event event);          // with the lock
  void send();
  void confirmed(Message message, const jsPubAckErr* error);

  static void on_confirmed(jsCtx*, natsMsg* message, jsPubAck*, jsPubAckErr* error, void* self) {
    static_cast<JetStreamStore*>(self)->confirmed(Message(message), error);
  }
  static void on_lost(natsConnection* connection, void* self);
  static void on_back(natsConnection*, void* self);
  static void on_closed(natsConnection*, void* self);

  transport::NatsAccess access_;
  std::string values_, types_;  // the streams' names
  std::string value_subjects_, type_subjects_;
  std::size_t message_bytes_max_ = 0;
  transport::Descriptor wake_;
  Settings settings_;
  Connection connection_;
  Context context_;

  std::mutex lock_;  // all that follows
  std::condition_variable changed_;
  std::deque<Message> waiting_;
  std::size_t unconfirmed_ = 0, bytes_ = 0;  // sent; of these and of what waits
  bool connected_ = true, stop_ = false, refused_ = false, closed_ = false;
  std::uint64_t kept_ = 0;
  std::vector<Event> events_;
  std::thread sender_;
};

Result<void> JetStreamStore::begin(const Options& options) {
  DTS_ASSIGN(transport::Url url, transport::parse_url(options.url));
  if (url.scheme != "nats" && url.scheme != "natss")
    return Error(ErrorCode::invalid_url, "not the place of a NATS server",
                 base::printable(url.text), "JetStream is NATS's", "nats://server.local");
  DTS_ASSIGN(access_, transport::nats_access(std::move(url)));
  wake_ = transport::Descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (::natsOptions_Create(&settings_.pointer) != NATS_OK)
    return Error(ErrorCode::system, "cannot use libnats", {}, nats_last_word());
  natsOptions* const settings = settings_.pointer;
  DTS_TRY(transport::set_access(*settings, access_));
  std::vector<const char*> servers;
  for (const std::string& server : access_.servers) servers.push_back(server.c_str());
  ::natsOptions_SetServers(settings, servers.data(), static_cast<int>(servers.size()));
  ::natsOptions_SetTimeout(settings, 4 * kPatienceMs / static_cast<std::int64_t>(servers.size()));
  ::natsOptions_SetName(settings, "dts-bridge-jetstream");
  ::natsOptions_SetMaxReconnect(settings, -1);
  ::natsOptions_SetReconnectWait(settings, 500);
  ::natsOptions_SetPingInterval(settings, 3000);
  ::natsOptions_SetMaxPingsOut(settings, 2);
  ::natsOptions_SetDisconnectedCB(settings, &on_lost, this);
  ::natsOptions_SetReconnectedCB(settings, &on_back, this);
  ::natsOptions_SetClosedCB(settings, &on_closed, this);
  if (const natsStatus status = ::natsConnection_Connect(&connection_.pointer, settings);
      status != NATS_OK)
    return transport::nats_refusal(access_, status).at(access_.place);
  message_bytes_max_ = static_cast<std::size_t>(
      std::max<std::int64_t>(0, ::natsConnection_GetMaxPayload(connection_.pointer)));

  jsOptions how;
  ::jsOptions_Init(&how);
  how.Wait = kPatienceMs;
  how.PublishAsync.MaxPending = 2 * kUnconfirmedMax;
  how.PublishAsync.AckHandler = &on_confirmed;
  how.PublishAsync.AckHandlerClosure = this;
  if (const natsStatus status =
          ::natsConnection_JetStream(&context_.pointer, connection_.pointer, &how);
      status != NATS_OK)
    return failure("cannot use JetStream", access_.place, status);
  const std::string domain = transport::domain_name(options.domain);
  values_ = "DTS_KEPT_" + domain;
  types_ = "DTS_KEPT_TYPES_" + domain;
  value_subjects_ = "dts-kept." + domain + ".value.";
  type_subjects_ = "dts-kept." + domain + ".type.";
  DTS_TRY(make(values_, value_subjects_, &options));
  DTS_TRY(make(types_, type_subjects_, nullptr));
  sender_ = std::thread([this] { send(); });
  return {};
}

bool JetStreamStore::end() {
  if (sender_.joinable()) {
    flush(std::chrono::milliseconds(kPatienceMs));
    {
      const std::lock_guard lock(lock_);
      stop_ = true;
      changed_.notify_all();
    }
    sender_.join();
  }
  if (connection_.pointer == nullptr) return true;
  ::natsConnection_Close(connection_.pointer);
  std::unique_lock lock(lock_);
  return changed_.wait_for(lock, std::chrono::milliseconds(kPatienceMs), [&] { return closed_; }) &&
         unconfirmed_ == 0;
}

// `limits`: of values; types are kept as long as there is a store.
Result<void> JetStreamStore::make(const std::string& stream, const std::string& subjects,
                                  const Options* limits) {
  const std::string all = subjects + "*";
  const char* const names[] = {all.c_str()};
  StreamState there;
  natsStatus status =
      ::js_GetStreamInfo(&there.pointer, context_.pointer, stream.c_str(), nullptr, nullptr);
  if (status != NATS_OK && status != NATS_NOT_FOUND)
    return failure("the server has no JetStream for us", access_.place, status);
  jsStreamConfig fresh;
  ::jsStreamConfig_Init(&fresh);
  jsStreamConfig& config = status == NATS_OK ? *there.pointer->Config : fresh;
  bool changed = status != NATS_OK;
  if (changed) {
    config.Name = stream.c_str();
    config.Subjects = const_cast<const char**>(names);
    config.SubjectsLen = 1;
    config.Storage = js_FileStorage;
    config.MaxMsgsPerSubject = limits ? 1000 : 1;
    config.MaxBytes = limits ? std::int64_t{1} << 30 : -1;
    config.Replicas = 1;
  }
  const auto set = [&](std::int64_t& field, std::optional<std::uint64_t> wish) {
    if (!wish || field == static_cast<std::int64_t>(*wish)) return;
    field = static_cast<std::int64_t>(*wish);
    changed = true;
  };
  if (limits != nullptr) {
    set(config.MaxMsgsPerSubject, limits->values_max);
    set(config.MaxBytes, limits->bytes_max);
    if (limits->age_max) set(config.MaxAge, static_cast<std::uint64_t>(limits->age_max->count()));
    set(config.Replicas, limits->replicas);
  }
  if (!changed) return {};
  status = status == NATS_OK
               ? ::js_UpdateStream(nullptr, context_.pointer, &config, nullptr, nullptr)
               : ::js_AddStream(nullptr, context_.pointer, &config, nullptr, nullptr);
  if (status != NATS_OK)
    return failure("the server does not make the store " + stream + " as it is to be",
                   access_.place, status);
  return {};
}

// ---- Keeping

bool JetStreamStore::add(const std::string& source, const std::string& id, ByteView value) {
  if (value.size() + 512 > message_bytes_max_) return false;  // the header counts as well
  const std::lock_guard lock(lock_);
  if (waiting_.size() + unconfirmed_ >= kWaitingMax || bytes_ + value.size() > kWaitingBytesMax)
    return false;
  Message message;
  const std::string subject = value_subjects_ + source;
  if (::natsMsg_Create(&message.pointer, subject.c_str(), nullptr,
                       reinterpret_cast<const char*>(value.data()),
                       static_cast<int>(value.size())) != NATS_OK ||
      ::natsMsgHeader_Set(message.pointer, kIdHeader, id.c_str()) != NATS_OK)
    return false;
  bytes_ += value.size();
  waiting_.push_back(std::move(message));
  changed_.notify_all();
  return true;
}

void JetStreamStore::send() {
  std::unique_lock lock(lock_);
  for (;;) {
    changed_.wait(lock, [&] {
      return stop_ || (connected_ && !waiting_.empty() && unconfirmed_ < kUnconfirmedMax);
    });
    if (stop_) return;
    if (std::exchange(refused_, false)) {
      changed_.wait_for(lock, kPause, [&] { return stop_; });
      continue;
    }
    Message message = std::move(waiting_.front());
    waiting_.pop_front();
    ++unconfirmed_;
    lock.unlock();
    jsPubOptions how;
    ::jsPubOptions_Init(&how);
    how.MaxWait = kConfirmMs;
    const natsStatus status = ::js_PublishMsgAsync(context_.pointer, &message.pointer, &how);
    lock.lock();
    if (status == NATS_OK) continue;
    --unconfirmed_;
    refused_ = true;
    waiting_.push_front(std::move(message));
  }
}

// On a thread of the library.
void JetStreamStore::confirmed(Message message, const jsPubAckErr* error) {
  const std::lock_guard lock(lock_);
  --unconfirmed_;
  changed_.notify_all();
  if (error == nullptr) {
    bytes_ -= size_of(message);
    if (kept_++ == 0) tell({});
    return;
  }
  // What the server said itself has a code: it will say the same again. The rest may pass.
  if (error->ErrCode == 0 || error->Err == NATS_TIMEOUT || error->Err == NATS_NO_RESPONDERS) {
    refused_ = true;
    waiting_.push_front(std::move(message));
    return;
  }
  bytes_ -= size_of(message);
  const char* id = "";
  ::natsMsgHeader_Get(message.pointer, kIdHeader, &id);
  tell({Event::What::refused, 1, id,
        base::printable(error->ErrText ? error->ErrText : ::natsStatus_GetText(error->Err))});
}

std::size_t JetStreamStore::flush(Duration most) {
  std::unique_lock lock(lock_);
  changed_.wait_for(lock, most, [&] { return waiting_.empty() && unconfirmed_ == 0; });
  return waiting_.size() + unconfirmed_;
}

void JetStreamStore::tell(Event event) {
  if (event.what != Event::What::kept && events_.size() < kEventsMax)
    events_.push_back(std::move(event));
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t woken = ::write(wake_.get(), &one, sizeof one);
}

std::vector<KeptStore::Event> JetStreamStore::take_events() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &count, sizeof count);
  const std::lock_guard lock(lock_);
  std::vector<Event> events = std::exchange(events_, {});
  if (kept_ > 0) events.push_back({Event::What::kept, std::exchange(kept_, 0), {}, {}});
  return events;
}

void JetStreamStore::on_lost(natsConnection* connection, void* self) {
  JetStreamStore& store = *static_cast<JetStreamStore*>(self);
  const char* text = nullptr;
  ::natsConnection_GetLastError(connection, &text);
  const std::lock_guard lock(store.lock_);
  if (!std::exchange(store.connected_, false)) return;
  store.tell({Event::What::lost, 0, {}, base::printable(text && *text ? text : "it is closed")});
}

void JetStreamStore::on_back(natsConnection*, void* self) {
  JetStreamStore& store = *static_cast<JetStreamStore*>(self);
  const std::lock_guard lock(store.lock_);
  store.connected_ = true;
  store.changed_.notify_all();
  store.tell({Event::What::back, 0, {}, {}});
}

// The last of the connection's calls.
void JetStreamStore::on_closed(natsConnection*, void* self) {
  JetStreamStore& store = *static_cast<JetStreamStore*>(self);
  const std::lock_guard lock(store.lock_);
  store.closed_ = true;
  store.changed_.notify_all();
}

Result<void> JetStreamStore::add_type(const std::string& id, ByteView document) {
  const natsStatus status =
      ::js_Publish(nullptr, context_.pointer, (type_subjects_ + id).c_str(), document.data(),
                   static_cast<int>(document.size()), nullptr, nullptr);
  if (status != NATS_OK) return failure("a type cannot be kept", access_.place, status);
  return {};
}

// ---- Reading

Result<void> JetStreamStore::check_connected() {
  const std::lock_guard lock(lock_);
  if (connected_) return {};
  return Error(ErrorCode::system, "what is kept cannot be read", access_.place,
               "the connection to the server is lost", "ask again later");
}

Result<void> JetStreamStore::read(const std::string& source, std::optional<Time> from,
                                  const Visit& visit) {
  DTS_TRY(check_connected());
  const std::string subject = value_subjects_ + source;
  Message last;
  const natsStatus status = ::js_GetLastMsg(&last.pointer, context_.pointer, values_.c_str(),
                                            subject.c_str(), nullptr, nullptr);
  if (status == NATS_NOT_FOUND) return {};
  if (status != NATS_OK) return failure("what is kept cannot be read", access_.place, status);
  // Asked from later than the last one, the server would wait for the next.
  const auto from_ns = from ? from->time_since_epoch().count() : 0;
  if (::natsMsg_GetTime(last.pointer) < from_ns) return {};
  return read_all(values_, subject, from ? js_DeliverByStartTime : js_DeliverAll, from, visit);
}

// What is there now, in its order.
Result<void> JetStreamStore::read_all(const std::string& stream, const std::string& subjects,
                                      jsDeliverPolicy which, std::optional<Time> from,
                                      const Visit& visit) {
  DTS_TRY(check_connected());
  const auto failed = [&](natsStatus status) {
    return failure("what is kept cannot be read", access_.place, status);
  };
  StreamState state;
  natsStatus status =
      ::js_GetStreamInfo(&state.pointer, context_.pointer, stream.c_str(), nullptr, nullptr);
  if (status != NATS_OK) return failed(status);
  if (state.pointer->State.Msgs == 0) return {};
  jsSubOptions how;
  ::jsSubOptions_Init(&how);
  how.Ordered = true;
  how.Config.DeliverPolicy = which;
  if (from) how.Config.OptStartTime = from->time_since_epoch().count();
  const std::string filter = subjects.ends_with('.') ? subjects + "*" : subjects;
  Reading reading;
  status = ::js_SubscribeSync(&reading.pointer, context_.pointer, filter.c_str(), nullptr, &how,
                              nullptr);
  if (status != NATS_OK) return failed(status);
  for (std::uint64_t left = 1; left > 0;) {
    Message message;
    status = ::natsSubscription_NextMsg(&message.pointer, reading.pointer, kPatienceMs);
    if (status != NATS_OK) return failed(status);
    Position position;
    if (::natsMsg_GetMetaData(&position.pointer, message.pointer) != NATS_OK) continue;
    left = position.pointer->NumPending;
    const std::string_view subject = ::natsMsg_GetSubject(message.pointer);
    const std::string_view name = subject.substr(subject.rfind('.') + 1);
    const ByteView content(
        reinterpret_cast<const std::uint8_t*>(::natsMsg_GetData(message.pointer)),
        size_of(message));
    if (!visit(name, content)) break;
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<KeptStore>> KeptStore::open(const Options& options) {
  const std::shared_ptr<JetStreamStore> store(new JetStreamStore, [](JetStreamStore* ended) {
    if (ended->end()) delete ended;
  });
  DTS_TRY(store->begin(options));
  return std::shared_ptr<KeptStore>(store);
}

}  // namespace dts::cli
