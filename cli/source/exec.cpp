#include <cli/source/exec.hpp>

#include <poll.h>

#include <algorithm>
#include <memory>
#include <optional>

#include <cli/definition.hpp>
#include <cli/derive.hpp>
#include <cli/interrupt.hpp>
#include <cli/invocation.hpp>
#include <cli/output.hpp>
#include <cli/run.hpp>
#include <cli/session.hpp>
#include <cli/source/child.hpp>
#include <cli/source/flags.hpp>
#include <cli/value_input.hpp>
#include <cli/words.hpp>

namespace dts::cli {

namespace {

constexpr Duration kRestartMin = std::chrono::seconds(1);
constexpr Duration kRestartMax = std::chrono::seconds(60);
constexpr auto kLookup = std::chrono::milliseconds(500);

class ExecRun {
 public:
  ExecRun(Invocation& invocation, SensorFlags flags, std::unique_ptr<Session> session,
          std::string type_name, std::optional<Type> defined)
      : out_(invocation.out()),
        session_(std::move(session)),
        emitter_(session_ ? &session_->domain() : nullptr, flags),
        command_(invocation.arguments()),
        type_name_(std::move(type_name)),
        defined_(std::move(defined)),
        periodic_(invocation.has("every")),
        once_(invocation.has("once")) {}

  int run() {
    Duration pause = kRestartMin;
    while (!stopped_) {
      const Instant began = instant_now();
      const std::uint64_t before = emitter_.readings();
      run_program();
      if (once_ || stopped_) break;
      if (emitter_.readings() > before) pause = kRestartMin;
      const Duration wait = periodic_ ? emitter_.flags().every - (instant_now() - began) : pause;
      if (!periodic_) pause = std::min(pause * 2, kRestartMax);
      if (!wait_for(std::max(wait, Duration::zero()), -1, [] { return false; })) break;
    }
    if (once_ && !stopped_) wait_for(std::chrono::milliseconds(300), -1, [] { return false; });
    out_.note(counted(emitter_.readings(), "reading") + ", " +
              counted(emitter_.failures(), "failure"));
    return emitter_.readings() == 0 && emitter_.failures() > 0 ? exit_failed : exit_ok;
  }

 private:
  const std::string& sensor() const { return command_[0]; }

  // Until the program's output ends, or we are to stop.
  void run_program() {
    auto child = Child::start(command_);
    if (!child) return emitter_.fail(sensor(), child.error());
    const auto line = [&](std::string_view text) { publish(text); };
    const auto bad = [&](const Error& error) { emitter_.fail(sensor(), error); };
    bool ended = false;
    const bool finished =
        wait_for({}, child->fd(), [&] { return ended = !child->pump(line, bad); });
    if (!finished && !ended) {
      stopped_ = true;
      return;
    }
    const std::string how = child->finish();
    if (!how.empty()) {
      emitter_.fail(sensor(), Error(ErrorCode::child, "the program ended with " + how, sensor()));
    } else if (!periodic_ && !once_) {
      emitter_.fail(sensor(), Error(ErrorCode::child, "the program ended", sensor(), {},
                                    "--every 5s runs one that ends again and again"));
    }
  }

  void publish(std::string_view text) {
    if (text.find_first_not_of(" \t\r") == text.npos) return;
    if (!input_) {
      auto type = find_type(text);
      if (!type) return emitter_.fail(sensor(), type.error());
      out_.note("exec: " + type->print(Type::Style::one_line));
      input_.emplace(std::move(*type), out_.style().utf8);
    }
    auto value = input_->from_json(text);
    if (!value) return emitter_.fail(sensor(), value.error());
    emitter_.emit(sensor(), *value);
  }

  // --define, else what the bus has, else what the first line looks like.
  Result<Type> find_type(std::string_view text) {
    if (defined_) return *defined_;
    if (session_) {
      const std::vector<Type> types = session_->domain().types(type_name_, kLookup);
      if (!types.empty()) return types.front();
    }
    return type_from_json(type_name_, text);
  }

  // Runs the loop; true when `done` said so or (with a duration) the time is over.
  bool wait_for(std::optional<Duration> duration, int fd, const std::function<bool()>& done) {
    std::optional<Instant> until;
    if (duration) until = instant_now() + *duration;
    if (session_) {
      const Session::End end = session_->run(until, done, fd);
      return end == Session::End::done || (duration && end == Session::End::deadline);
    }
    for (;;) {
      if (interrupted()) return false;
      if (done()) return true;
      int ms = -1;
      if (until) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - instant_now());
        if (left.count() <= 0) return true;
        ms = static_cast<int>(std::min<std::int64_t>(left.count(), 1 << 30));
      }
      pollfd handles[2] = {{interrupt_fd(), POLLIN, 0}, {fd, POLLIN, 0}};
      ::poll(handles, fd < 0 ? 1 : 2, ms);
    }
  }

  Output& out_;
  std::unique_ptr<Session> session_;
  Emitter emitter_;
  std::vector<std::string> command_;
  std::string type_name_;
  std::optional<Type> defined_;
  std::optional<ValueInput> input_;
  bool periodic_, once_, stopped_ = false;
};

Result<int> start(Invocation& invocation) {
  DTS_ASSIGN(SensorFlags flags, sensor_flags(invocation, "exec"));
  std::optional<Type> defined;
  const std::string wanted = invocation.value("type").value_or("");
  if (const auto define = invocation.value("define")) {
    DTS_ASSIGN(Definition definition,
               read_definition(invocation.out(), *define, wanted, "--define"));
    const Binding& binding = definition.binding;
    if (binding.valid() && !invocation.has("format")) flags.format = binding.format();
    if (binding.valid() && flags.format == binding.format()) flags.binding = binding;
    defined = std::move(definition.type);
  }
  const std::string name = defined ? defined->name() : wanted;
  if (!is_type_name(name)) {
    return Error(ErrorCode::invalid_argument, "which type does the program print?",
                 name.empty() ? "--type" : name, {}, "--type Weight");
  }
  std::unique_ptr<Session> session;
  if (!flags.dry_run) {
    DTS_ASSIGN(session, Session::open(invocation));
  }
  return ExecRun(invocation, flags, std::move(session), name, std::move(defined)).run();
}

}  // namespace

int run_exec(Invocation& invocation) {
  const auto code = start(invocation);
  return code ? *code : fail(invocation, code.error());
}

}  // namespace dts::cli
