// dts sub TYPE: values as they arrive. When none do, it says why and goes on waiting.
#include <algorithm>
#include <map>

#include <base/text.hpp>
#include <cli/definition.hpp>
#include <cli/json_object.hpp>
#include <cli/output.hpp>
#include <cli/run.hpp>
#include <cli/sample_lines.hpp>
#include <cli/session.hpp>
#include <cli/sub_matches.hpp>
#include <cli/transfer.hpp>
#include <cli/verbs.hpp>
#include <cli/why_text.hpp>
#include <cli/words.hpp>
#include <dts/filter.hpp>

namespace dts::cli {

namespace {

constexpr Flag kFlags[] = {
    {'n', "count", "N", "end after N values"},
    {'d', "duration", "DUR", "end after this long"},
    {0, "once", "", "end after one value (-n 1)"},
    {'l', "label", "K=V", "only sources with this label; may be repeated"},
    {'s', "from", "GLOB", "only sources whose name matches, such as 'pi-*'"},
    {'k', "field", "PATH", "only this field; may be repeated"},
    {'w', "where", "EXPR",
     "only values for which this holds: 'celsius > 64[degF] and tank in (1, 2)'"},
    {0, "max-rate", "HZ", "at most so many values a second of each source"},
    {0, "dead-band", "FIELD=WIDTH",
     "only when this field has moved so far: celsius=0.5, celsius=1[degF], celsius=5%"},
    {0, "define", "TYPE",
     "receive into this type: 'T{celsius:f32[K]}', or a file with it (.dts, .proto, .avsc ...)"},
    {0, "shape", "NOTATION", "instead of TYPE: all that fits this shape, whatever its name"},
    {0, "pin", "TYPE", "with --shape: only this family or exact type; may be repeated"},
    {0, "lenient-units", "",
     "with --define or --shape: a unit on one side only holds on the other too"},
    {0, "watch", "", "one line per source, redrawn"},
    {0, "live", "", "only new values, not the last ones from before"},
    {0, "last", "N", "first the last N values that each source keeps, then the new ones"},
    {0, "max-bytes", "SIZE", "refuse larger values: 10MB, 64KiB (1GiB)"},
    {0, "raw", "", "with each value the message as it was sent: its format and its bytes"},
    {0, "hex", "", "only the message's bytes as they were sent, in hex (-o hex)"},
};
constexpr Example kExamples[] = {
    {"dts sub brewery.Temperature", "values as they arrive"},
    {"dts sub 'brewery.*'", "of every type that matches"},
    {"dts sub brewery.Temperature -l tank=3 -n 2", "one tank, two values"},
    {"dts sub brewery.Temperature --json | jq .v.celsius", "for a script"},
    {"dts sub brewery.Temperature -k celsius -o csv", "for a spreadsheet"},
    {"dts sub brewery.Temperature --last 10", "what was before, and what comes"},
    {"dts sub brewery.Temperature -w 'celsius > 20'", "only what is too warm"},
    {"dts sub brewery.Temperature --dead-band celsius=0.5", "only when it changes"},
    {"dts sub --define brewery.proto", "as this file has it: its fields, defaults and units"},
    {"dts sub --shape 'x.Any{celsius:f64[Cel]}'", "whatever has degrees in celsius"},
    {"dts sub brewery.Temperature -o cbor --raw", "in another format, and as sent"},
};

// Without a value for so long: the others are asked for their lists; a name that is nearly one of
// theirs is told; the reason for the silence is told.
constexpr auto kCurious = std::chrono::milliseconds(300);
constexpr auto kMisspelt = std::chrono::milliseconds(1000);
constexpr auto kSilence = std::chrono::seconds(2);
constexpr auto kRedraw = std::chrono::milliseconds(250);
// So long new values wait for the last ones of all sources.
constexpr auto kAsk = std::chrono::seconds(1);
constexpr std::size_t kWaitingMax = 100'000;

// Beside json, which -o knows as a kind of line.
constexpr std::string_view kFormats = "capnproto protobuf cbor messagepack ion xml pickle raw";
constexpr std::string_view kOutputs = "hex capnproto protobuf cbor messagepack ion xml pickle raw";

struct Options {
  std::vector<TypeWish> wishes;
  SubscribeOptions subscribe;
  std::vector<std::string> fields;
  std::optional<std::uint64_t> count, last;
  std::optional<Duration> duration;
  std::optional<Type> shape, defined;
  const Format* format = nullptr;  // of -o
  bool watch = false, hex = false, raw = false;

  bool many_types() const { return shape || wishes.size() > 1 || wishes[0].is_pattern(); }
  bool selects() const { return !subscribe.where.empty() || !subscribe.dead_bands.empty(); }
};

Error goes_with(std::string_view flag, std::string_view other) {
  return Error(ErrorCode::invalid_argument,
               "--" + std::string(flag) + " goes with " + std::string(other), {}, {},
               "dts sub --shape 'x.Any{celsius:f64[Cel]}'");
}

Result<void> parse_shape(Options& options, const Invocation& invocation,
                         const std::string& notation) {
  if (!invocation.arguments().empty()) {
    return Error(ErrorCode::invalid_argument, "--shape stands instead of a TYPE", {}, {},
                 "--pin " + invocation.arguments()[0] + " keeps to this type");
  }
  if (invocation.has("define"))
    return Error(ErrorCode::invalid_argument, "--shape stands instead of --define");
  DTS_ASSIGN(Definition shape, read_definition(invocation.out(), notation, {}, "--shape"));
  options.wishes.push_back({shape.type.name(), {}});
  options.shape = std::move(shape.type);
  options.subscribe.pin = invocation.values("pin");
  return {};
}

// --define: of the one type named, else the first in it.
Result<void> parse_definition(Options& options, const Invocation& invocation,
                              const std::string& text) {
  if (options.wishes.size() > 1 || (!options.wishes.empty() && options.wishes[0].is_pattern()))
    return Error(ErrorCode::invalid_argument, "--define is for one type, not for several");
  const std::string name = options.wishes.empty() ? "" : options.wishes[0].name;
  DTS_ASSIGN(Definition defined, read_definition(invocation.out(), text, name, "--define"));
  if (options.wishes.empty()) options.wishes.push_back({defined.type.name(), {}});
  options.defined = std::move(defined.type);
  return {};
}

// TYPE..., --define or --shape.
Result<void> parse_wishes(Options& options, const Invocation& invocation) {
  const auto notation = invocation.value("shape");
  const auto define = invocation.value("define");
  options.subscribe.lenient_units = invocation.has("lenient-units");
  if (notation) return parse_shape(options, invocation, *notation);
  if (invocation.has("pin")) return goes_with("pin", "--shape");
  if (options.subscribe.lenient_units && !define)
    return goes_with("lenient-units", "--define or --shape");
  for (const std::string& text : invocation.arguments()) {
    DTS_ASSIGN(TypeWish wish, parse_type_wish(text));
    options.wishes.push_back(std::move(wish));
  }
  if (define) return parse_definition(options, invocation, *define);
  if (options.wishes.empty()) {
    return Error(ErrorCode::invalid_argument, "dts sub needs TYPE...", {}, {},
                 "dts sub brewery.Temperature");
  }
  return {};
}

Result<void> parse_selection(SubscribeOptions& subscribe, const Invocation& invocation) {
  if (const auto where = invocation.value("where")) {
    DTS_TRY(Filter::check(*where, "--where"));
    subscribe.where = *where;
  }
  DTS_ASSIGN(const auto bytes_max, invocation.size("max-bytes"));
  subscribe.message_bytes_max = bytes_max.value_or(0);
  DTS_ASSIGN(const auto rate, invocation.number("max-rate"));
  subscribe.rate_hz_max = rate.value_or(0);
  DTS_ASSIGN(const auto bands, invocation.pairs("dead-band"));
  for (const auto& [field, width] : bands) subscribe.dead_bands.push_back({field, width});
  return {};
}

// What would be passed over in silence, or stand in the middle of something else, is refused.
Result<void> check_output(const Options& options, const Invocation& invocation) {
  const bool written = options.hex || options.format != nullptr;
  const OutputKind kind = invocation.out().kind();
  if (options.raw && (options.hex || invocation.has("watch") || kind == OutputKind::csv ||
                      kind == OutputKind::value)) {
    return Error(ErrorCode::invalid_argument,
                 "--raw goes with none of --watch, --hex, -o csv and -o value", {}, {},
                 "--raw alone, or with --json");
  }
  if (written && invocation.has("field")) {
    return Error(ErrorCode::invalid_argument,
                 "--field goes with no format: a message is written whole", {}, {},
                 "--field with --json, -o csv or -o value");
  }
  if (options.hex && (options.format != nullptr || kind == OutputKind::json ||
                      kind == OutputKind::csv || kind == OutputKind::value)) {
    return Error(ErrorCode::invalid_argument, "--hex shows bytes, no other kind of output", {}, {},
                 "--json --raw for both");
  }
  return {};
}

// -o may also be hex, or a format.
Result<void> parse_output(Options& options, const Invocation& invocation) {
  options.hex = invocation.has("hex");
  options.raw = invocation.has("raw");
  const std::string kind = invocation.value("output").value_or("line");
  if (kind == "hex") {
    options.hex = true;
  } else if (has_word(kFormats, kind)) {
    options.format = find_format(built_in_formats(), kind);
    if (options.format == nullptr) {
      return Error(ErrorCode::unknown_format, "this build has no format \"" + kind + "\"", {}, {},
                   "dts formats");
    }
  }
  return check_output(options, invocation);
}

Result<Options> parse_options(const Invocation& invocation) {
  Options options;
  DTS_TRY(parse_wishes(options, invocation));
  DTS_TRY(parse_selection(options.subscribe, invocation));
  DTS_TRY(parse_output(options, invocation));
  DTS_ASSIGN(const auto labels, invocation.pairs("label"));
  options.subscribe.labels.insert(labels.begin(), labels.end());
  options.subscribe.source = invocation.value("from").value_or("");
  options.subscribe.quiet = true;  // this command says itself why nothing arrives
  DTS_ASSIGN(options.last, invocation.count("last"));
  if (options.last &&
      (invocation.has("live") || options.shape || options.defined || options.hex || options.raw))
    return Error(ErrorCode::invalid_argument,
                 "--last goes with none of --live, --define, --shape, --hex and --raw");
  options.subscribe.history = !invocation.has("live") && !options.last;
  options.fields = invocation.values("field");
  DTS_ASSIGN(options.count, invocation.count("count"));
  if (invocation.has("once")) options.count = 1;
  DTS_ASSIGN(options.duration, invocation.duration("duration"));
  options.watch = invocation.has("watch");
  if (options.watch && invocation.out().kind() != OutputKind::line) {
    return Error(ErrorCode::invalid_argument, "--watch shows lines, no other kind of output");
  }
  return options;
}

// One line per source, redrawn in place on a terminal.
class Board {
 public:
  explicit Board(Output& out) : out_(out) {}
  void put(const std::string& key, std::string line) { lines_[key] = std::move(line); }
  void draw() {
    if (drawn_ > 0) out_.data("\033[" + std::to_string(drawn_) + "A");
    for (const auto& [key, line] : lines_) {
      out_.line("\033[2K" + shortened(line, out_.style().width, out_.style().utf8));
    }
    drawn_ = lines_.size();
    out_.flush();
  }

 private:
  Output& out_;
  std::map<std::string, std::string> lines_;
  std::size_t drawn_ = 0;
};

class Subscriber {
 public:
  Subscriber(Session& session, Options options)
      : session_(session),
        out_(session.out()),
        options_(std::move(options)),
        lines_(out_, options_.fields, options_.many_types()),
        board_(out_),
        match_lines_(out_),
        transfers_(out_) {
    lines_.set_format(options_.format);
    lines_.set_raw(options_.raw);
  }

  int run() {
    if (const auto done = subscribe(); !done) {
      return fail(out_, done.error());
    }
    const std::optional<Instant> until =
        options_.duration ? std::optional(session_.started() + *options_.duration) : std::nullopt;
    Session::End end = Session::End::deadline;
    const auto done = [&] { return failure_.has_value() || finished(); };
    for (;;) {
      std::optional<Instant> next = next_event();
      if (until && (!next || *until < *next)) next = until;
      end = session_.run(next, done);
      if (end != Session::End::deadline || (until && instant_now() >= *until)) break;
      on_time();
    }
    if (options_.watch && !lines_drawn_) board_.draw();
    if (options_.shape) match_lines_.tell(subscriptions_[0].matches());
    for (const Subscription& each : subscriptions_) {
      const SubscriptionCounters counters = each.counters();
      filtered_ += counters.filtered;
      withheld_ += counters.withheld;
      misfits_.discarded += counters.discarded;
      misfits_.defaulted += counters.defaulted;
      misfits_.trimmed += counters.trimmed;
      misfits_.unknown += counters.unknown;
    }
    subscriptions_.clear();  // before the counts are read: nothing arrives any more
    return finish(end);
  }

 private:
  // A type by its id must have been seen on the bus first.
  Result<void> subscribe() {
    options_.subscribe.on_gap = [this](const Gap& gap) { on_gap(gap); };
    options_.subscribe.on_arriving = [this](const Arriving& each) {
      const std::string what = each.source->type_name + " of " + each.source->name;
      transfers_.moved(key_of(*each.source), each.from, base::printable(what), each.bytes,
                       each.total);
    };
    const auto handler = [this](const Value& value, const Sample& sample) {
      on_value(value, sample);
    };
    if (options_.shape) {
      session_.domain().refresh();
      subscriptions_.push_back(
          session_.domain().subscribe_shape(*options_.shape, handler, options_.subscribe));
      return subscriptions_.back().status();
    }
    for (const TypeWish& wish : options_.wishes) {
      SubscribeOptions each = options_.subscribe;
      if (!wish.id_prefix.empty()) {
        const auto found = [&] {
          const auto id = resolve_id(session_.domain().catalogue(), wish);
          return id && id->has_value();
        };
        session_.domain().refresh();
        session_.run(instant_now() + kMisspelt, found);
        DTS_ASSIGN(each.exact, resolve_id(session_.domain().catalogue(), wish));
      }
      subscriptions_.push_back(options_.defined
                                   ? session_.domain().subscribe(*options_.defined, handler, each)
                                   : session_.domain().subscribe(wish.name, handler, each));
      DTS_TRY(subscriptions_.back().status());
      if (options_.last) DTS_TRY(ask_last(wish.name, each));
    }
    return {};
  }

  // --last: they are asked for, and new values wait until they are there.
  Result<void> ask_last(const std::string& name, SubscribeOptions each) {
    Query query;
    query.where = each.where;
    query.limit = *options_.last;
    ++asking_;
    each.on_gap = nullptr;
    subscriptions_.push_back(session_.domain().query(
        name, query,
        [this](const Value& value, const Sample& sample) {
          Time& newest = newest_[key_of(sample.origin())];
          newest = std::max(newest, sample.published());
          take(value, sample, {});
        },
        [this](const QueryEnd&) {
          if (--asking_ > 0) return;
          for (const auto& [value, sample] : std::exchange(waiting_, {}))
            if (!was_asked(sample)) take(value, sample, {});
        },
        kAsk, std::move(each)));
    return subscriptions_.back().status();
  }

  bool finished() const { return options_.count && values_ >= *options_.count; }

  void on_value(const Value& value, const Sample& sample) {
    if (asking_ > 0) {
      if (waiting_.size() < kWaitingMax)
        waiting_.push_back({value, sample});
      else
        ++lost_;
      return;
    }
    if (!was_asked(sample)) take(value, sample, sample.message());
  }

  // Was it among the last ones already?
  bool was_asked(const Sample& sample) const {
    if (newest_.empty()) return false;
    const auto asked = newest_.find(key_of(sample.origin()));
    return asked != newest_.end() && sample.published() <= asked->second;
  }

  // `message`: as it was sent, while that is there.
  void take(const Value& value, const Sample& sample, ByteView message) {
    if (failure_ || finished()) return;
    if (!options_.fields.empty()) {
      const auto known = check_paths(value.type(), options_.fields, out_.style().utf8);
      if (!known) {
        // Among several types, those without the field are passed over.
        if (!options_.many_types()) failure_ = known.error();
        return;
      }
    }
    ++values_;
    bool& live = live_[key_of(sample.origin())];
    live = live || !sample.historic();
    const Received received{
        value, sample.origin(), sample.sequence(), sample.published(), sample.received(), message};
    if (options_.hex) {
      lines_.show_hex(received);
    } else if (options_.watch) {
      const Source& origin = sample.origin();
      board_.put(origin.type_name + " " + origin.name + std::to_string(origin.stream),
                 lines_.line(received));
    } else {
      lines_.show(received);
    }
  }

  static std::string key_of(const Source& source) {
    return source.node_id.hex() + std::to_string(source.stream);
  }

  void on_gap(const Gap& gap) {
    // What was sent between a source's last value from before and its first live one was sent
    // before it knew of us: named, but not lost on the way.
    const auto source = live_.find(key_of(*gap.source));
    const bool died = transfers_.died(key_of(*gap.source), gap.from, gap.to,
                                      std::string(gap_reason_name(gap.reason)));
    const bool joining = !died && (source == live_.end() || !source->second);
    const bool conflated = gap.reason == Gap::Reason::conflated;
    const bool too_large = gap.reason == Gap::Reason::too_large;  // as this command was told
    if (too_large)
      ++too_large_;
    else if (!conflated)
      (joining ? missed_ : lost_) += gap.count();
    if (out_.json() || too_large || !(conflated || joining) || out_.style().verbose)
      lines_.show_gap(gap);
  }

  // When to look at the clock next, whatever arrives.
  std::optional<Instant> next_event() const {
    if (options_.shape && curious_) return instant_now() + kMisspelt;
    if (options_.watch && values_ > 0) return instant_now() + kRedraw;
    if (values_ > 0) return std::nullopt;
    if (!curious_) return session_.started() + kCurious;
    if (!misspelt_checked_) return session_.started() + kMisspelt;
    if (!silence_told_) return session_.started() + kSilence;
    return instant_now() + kSilence;
  }

  void on_time() {
    if (options_.shape) match_lines_.tell(subscriptions_[0].matches());
    if (options_.selects() && values_ == 0 && !options_.many_types())
      failure_ = misfit_of(session_, subscriptions_[0].matches(), options_.subscribe);
    if (options_.watch && values_ > 0) {
      board_.draw();
      lines_drawn_ = true;
    }
    if (values_ > 0) return;
    if (!curious_) {  // ask the others for all they have, to be able to say what is there
      curious_ = true;
      session_.domain().refresh();
    }
    if (!misspelt_checked_ && session_.elapsed() >= kMisspelt) {
      misspelt_checked_ = true;
      if (!options_.shape) tell_misspelt();
      if (options_.selects() && options_.many_types()) tell_unselectable();
    }
    if (session_.elapsed() >= kSilence) tell_silence();
  }

  static std::string_view still_waiting() {
    return "  still waiting - it will start printing if one appears (Ctrl-C to stop, --timeout 5s "
           "to give up)";
  }

  // Early: others are there, and one of their types has nearly this name.
  void tell_misspelt() {
    const Catalogue catalogue = session_.domain().catalogue();
    const auto live = live_types(catalogue);
    for (const TypeWish& wish : options_.wishes) {
      if (wish.is_pattern() || std::find(live.begin(), live.end(), wish.name) != live.end())
        continue;
      if (base::nearest(wish.name, live).empty()) continue;
      tell_unknown(catalogue, wish.name);
    }
  }

  // Of all types that are meant none has what is selected by; another one may still come.
  void tell_unselectable() {
    std::vector<Match> matches;
    for (const Subscription& each : subscriptions_)
      for (Match& match : each.matches()) matches.push_back(std::move(match));
    const auto misfit = misfit_of(session_, matches, options_.subscribe);
    if (!misfit) return;
    out_.warn("of " + counted(matches.size(), "type") +
              " that match, none has what is selected by");
    out_.error(*misfit);
  }

  void tell_unknown(const Catalogue& catalogue, const std::string& name) {
    silence_told_ = true;
    last_reason_ = WhyQuiet::peers_but_not_this_type;
    const Error error = nobody_knows(catalogue, "sub", name);
    if (out_.style().quiet) return;
    if (out_.json()) return out_.error(error);
    std::string text = error_lines(Error(error.code(), error.what()));
    const bool near = error.hint().rfind("did you mean", 0) == 0;
    text += near ? "\n  " + error.hint() : "\n  try: " + error.hint();
    out_.say(out_.paint_err(Color::error, out_.glyph_bad()) + " " + text);
    out_.note(still_waiting());
  }

  void tell_silence() {
    const Why why = subscriptions_[0].why();
    if (why.reason == WhyQuiet::not_quiet || (silence_told_ && why.reason == last_reason_)) return;
    const Catalogue catalogue = session_.domain().catalogue();
    const std::string& name = options_.wishes[0].name;
    if (why.reason == WhyQuiet::peers_but_not_this_type && !options_.many_types() &&
        subscribers_of(catalogue, name).empty()) {
      return tell_unknown(catalogue, name);
    }
    const bool first = !silence_told_;
    silence_told_ = true;
    last_reason_ = why.reason;
    if (out_.json()) return out_.json_note(why_json(name, why));
    out_.warn(why_lines(why));
    if (first) out_.note(still_waiting());
  }

  int finish(Session::End end) {
    if (failure_) return fail(out_, *failure_);
    std::string text = "# " + counted(values_, "sample") + " from " +
                       counted(live_.size(), "source") + " in " + span_text(session_.elapsed()) +
                       ", " + grouped(lost_) + " lost";
    if (too_large_ > 0) text += ", " + grouped(too_large_) + " too large";
    if (missed_ > 0) text += " (" + grouped(missed_) + " missed while joining)";
    if (filtered_ > 0 && (options_.selects() || options_.subscribe.rate_hz_max > 0))
      text += ", " + grouped(filtered_) + " filtered" +
              (withheld_ > 0 ? " (" + grouped(withheld_) + " at the publisher)" : "");
    for (const std::string& line : misfit_lines(misfits_)) text += "\n#   " + line;
    if (end != Session::End::reader_gone) out_.note(text);
    if (end == Session::End::timeout) return exit_timeout;
    if (lost_ > 0) return exit_loss;
    if (end == Session::End::deadline && values_ == 0) return exit_nothing;
    return exit_ok;
  }

  Session& session_;
  Output& out_;
  Options options_;
  SampleLines lines_;
  Board board_;
  MatchLines match_lines_;
  Transfers transfers_;
  std::uint64_t values_ = 0, lost_ = 0, missed_ = 0, filtered_ = 0, too_large_ = 0, withheld_ = 0;
  SubscriptionCounters misfits_;
  std::size_t asking_ = 0;               // --last: queries that are not over
  std::vector<Reading<Value>> waiting_;  // meanwhile
  std::map<std::string, Time> newest_;   // of the last ones, by source
  std::map<std::string, bool> live_;     // by source: a value that was sent to us has come
  std::optional<Error> failure_;
  bool curious_ = false, misspelt_checked_ = false, silence_told_ = false, lines_drawn_ = false;
  WhyQuiet last_reason_ = WhyQuiet::not_quiet;
  std::vector<Subscription> subscriptions_;  // last: they end first
};

int run_sub(Invocation& invocation) {
  auto options = parse_options(invocation);
  if (!options) return fail(invocation, options.error());
  auto session = Session::open(invocation);
  if (!session) return fail(invocation, session.error());
  return Subscriber(**session, std::move(*options)).run();
}

}  // namespace

constinit const Command sub_command{
    .name = "sub",
    .aliases = "echo",
    .group = Group::look,
    .arguments = "TYPE... | --define TYPE | --shape NOTATION",
    .summary = "print values as they arrive",
    .about =
        "TYPE is a name, a pattern such as 'brewery.*' or '*', or a name with the id of one "
        "exact type,\nas in Temperature@9f3a7c1e. After two seconds of silence the reason is "
        "told on stderr. Ends with\nexit code 3 when values were lost; each loss is named. What a "
        "source sent before it knew of this\nsubscriber is counted apart, as missed while "
        "joining.\n\n"
        "--where, --max-rate and --dead-band are in docs/reference/filters.md. -o may also be hex "
        "(the message\nas it was sent) or a format (cbor, xml ...): the value written anew, as "
        "text or in hex.\n--shape tells on stderr which types match and why the others do not.",
    .flags = kFlags,
    .examples = kExamples,
    .run = run_sub,
    .complete = Complete::types,
    .outputs = kOutputs,
};

}  // namespace dts::cli
