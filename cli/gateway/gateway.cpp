#include <cli/gateway/gateway.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <thread>

#include <base/text.hpp>
#include <cli/derive.hpp>
#include <cli/gateway/access.hpp>
#include <cli/gateway/live_stream.hpp>
#include <cli/json_object.hpp>
#include <cli/sample_lines.hpp>
#include <cli/session.hpp>
#include <cli/type_command.hpp>
#include <cli/value_text.hpp>
#include <dts/filter.hpp>
#include <schema/schema.hpp>

namespace dts::cli {

namespace {

constexpr auto kLookup = std::chrono::seconds(2);  // at most: the first that comes ends it
// What is known of the others is asked for anew when it is older, and waited for so long.
constexpr auto kFresh = std::chrono::seconds(2);
constexpr auto kAnswers = std::chrono::milliseconds(250);
constexpr std::string_view kLines = "application/x-ndjson", kEvents = "text/event-stream";

const std::vector<Gateway::Parameter> kSelection = {
    {"label", "only sources with this label, K=V", true},
    {"from", "only sources whose name matches this pattern, such as pi-*"},
};

std::vector<Gateway::Parameter> selection_and(std::vector<Gateway::Parameter> more) {
  more.insert(more.begin(), kSelection.begin(), kSelection.end());
  return more;
}

HttpResponse json(std::string text) {
  HttpResponse response;
  response.body = std::move(text) + "\n";
  return response;
}

// What went wrong, as the status that says whose fault it is.
HttpResponse failed(const Error& error) {
  switch (error.code()) {
    case ErrorCode::unknown_type:
      return refused(404, error);
    case ErrorCode::too_large:
      return refused(413, error);
    case ErrorCode::would_block:
      return refused(503, error);
    case ErrorCode::closed:
      return refused(503, error);
    default:
      return refused(422, error);
  }
}

// "Application/JSON; charset=utf-8" -> "application/json"
std::string essence(std::string_view media) {
  std::string text(media.substr(0, media.find(';')));
  while (!text.empty() && text.back() == ' ') text.pop_back();
  while (!text.empty() && text.front() == ' ') text.erase(0, 1);
  return base::lower(text);
}

const Format* format_of(const std::string& media) {
  for (const Format* format : built_in_formats())
    if (format->media_type() == media) return format;
  // What clients send who were told nothing else (curl -d), and what other names there are.
  if (media.empty() || media == "application/x-www-form-urlencoded" || media == "text/json")
    return find_format(built_in_formats(), "json");
  if (media == "text/xml") return find_format(built_in_formats(), "xml");
  if (media == "application/x-msgpack" || media == "application/vnd.msgpack")
    return find_format(built_in_formats(), "messagepack");
  if (media == "application/protobuf") return find_format(built_in_formats(), "protobuf");
  return nullptr;
}

std::string media_types() {
  std::string all;
  for (const Format* format : built_in_formats())
    all += (all.empty() ? "" : ", ") + std::string(format->media_type());
  return all;
}

// The first media type of Accept that is offered; "" when any will do.
std::string accepted(const HttpRequest& request,
                     const std::function<bool(const std::string&)>& offered) {
  std::string_view accept;
  const std::string header = request.header("accept");
  accept = header;
  while (!accept.empty()) {
    const std::size_t comma = std::min(accept.find(','), accept.size());
    const std::string media = essence(accept.substr(0, comma));
    if (media == "*/*" || media == "application/*" || media == "text/*") return {};
    if (offered(media)) return media;
    accept.remove_prefix(std::min(comma + 1, accept.size()));
  }
  return {};
}

Result<Labels> labels_of(const HttpRequest& request) {
  Labels labels;
  const auto [begin, end] = request.parameters.equal_range("label");
  for (auto at = begin; at != end; ++at) {
    const auto equals = at->second.find('=');
    if (equals == std::string::npos || equals == 0)
      return Error(ErrorCode::invalid_argument, "a label is K=V", "?label=", {}, "?label=tank=3");
    labels[at->second.substr(0, equals)] = at->second.substr(equals + 1);
  }
  return labels;
}

Result<double> number_of(const HttpRequest& request, std::string_view name, double otherwise) {
  const auto text = request.parameter(name);
  if (!text) return otherwise;
  double value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || !(value >= 0) ||
      !std::isfinite(value))
    return Error(ErrorCode::invalid_argument, "this is no number",
                 "?" + std::string(name) + "=" + base::printable(*text));
  return value;
}

Result<SubscribeOptions> selection_of(const HttpRequest& request) {
  SubscribeOptions options;
  DTS_ASSIGN(options.labels, labels_of(request));
  options.source = request.parameter("from").value_or("");
  if (const auto where = request.parameter("where")) {
    DTS_TRY(Filter::check(*where, "?where="));
    options.where = *where;
  }
  DTS_ASSIGN(options.rate_hz_max, number_of(request, "max_rate", 0));
  const auto [begin, end] = request.parameters.equal_range("dead_band");
  for (auto at = begin; at != end; ++at) {
    const auto equals = at->second.find('=');
    if (equals == std::string::npos || equals == 0)
      return Error(ErrorCode::invalid_argument, "a dead band is FIELD=WIDTH", "?dead_band=", {},
                   "?dead_band=celsius=0.5");
    options.dead_bands.push_back({at->second.substr(0, equals), at->second.substr(equals + 1)});
  }
  options.quiet = true;
  return options;
}

// Does "/types/brewery.Temperature" match "/types/{name}"? Its name then.
bool matches(std::string_view pattern, std::string_view path, std::string& name) {
  const std::size_t open = pattern.find('{');
  if (open == std::string_view::npos) return pattern == path;
  if (!path.starts_with(pattern.substr(0, open)) || path.size() == open) return false;
  name = path.substr(open);
  return name.find('/') == std::string::npos;
}

}  // namespace

// What others have or want, and what is published here.
std::set<std::string> families(const Catalogue& catalogue) {
  const auto live = live_types(catalogue);
  std::set<std::string> names(live.begin(), live.end());
  for (const NodeInfo& node : catalogue.nodes)
    for (const StreamInfo& stream : node.streams) names.insert(stream.source.type_name);
  return names;
}

struct Gateway::Outlet {
  std::mutex mutex;
  Type type;
  LayoutPtr layout;
  Labels labels;
  ValuePublisher publisher;  // from the first value on that fits
  std::map<const Format*, std::unique_ptr<Decoder>> decoders;

  Result<Value> decode(const Format& format, ByteView body) {
    auto& decoder = decoders[&format];
    if (!decoder) {
      const Assignment same = Assignment::make(type, type);
      DTS_ASSIGN(decoder, format.decoder(same, *layout));
    }
    Value value(layout);
    DTS_TRY(decoder->decode(body, value.data()));
    return value;
  }
};

const std::vector<Gateway::Route>& Gateway::routes() {
  static const std::vector<Route> table = {
      {"GET", "/", "this list", "application/json", {}, &Gateway::index},
      {"GET",
       "/types",
       "the types that are published or asked for",
       "application/json",
       {},
       &Gateway::types},
      {"GET",
       "/types/{name}",
       "the exact types of a family",
       "application/json text/plain",
       {{"as", "as a schema: notation proto capnp avro json-schema jtd cpp python"}},
       &Gateway::type},
      {"GET", "/latest/{name}",
       "the last value of each source; in another format by Accept when there is one source",
       "application/json", selection_and({{"wait", "seconds to wait for the first answer (0.5)"}}),
       &Gateway::latest},
      {"GET", "/stream/{name}",
       "values as they come, from the last ones on, as JSON lines or as server-sent events",
       "application/x-ndjson text/event-stream",
       selection_and({{"where", "only values for which this holds: celsius > 20"},
                      {"max_rate", "at most so many values a second of each source"},
                      {"dead_band", "only when a field has moved so far: celsius=0.5", true},
                      {"live", "1: without the last values from before"}}),
       &Gateway::stream},
      {"POST",
       "/publish/{name}",
       "publishes the body, a value in the format of its Content-Type; JSON lines: each line",
       "application/json",
       {{"define", "the type, when nobody publishes it yet: house.Door{open:bool}"},
        {"label", "a label of the source, K=V", true}},
       &Gateway::publish},
      {"GET", "/metrics", "counters, for Prometheus", "text/plain", {}, &Gateway::metrics},
      {"GET",
       "/openapi.json",
       "what is here, as OpenAPI 3.1",
       "application/json",
       {},
       &Gateway::openapi},
  };
  return table;
}

HttpResponse Gateway::answer(const HttpRequest& request) {
  std::string allowed, name;
  HttpResponse response;
  const Route* found = nullptr;
  for (const Route& route : routes()) {
    if (!matches(route.path, request.path, name)) continue;
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
    const bool same =
        request.method == route.method || (request.method == "HEAD" && route.method == "GET");
    if (same) found = &route;
  }
  if (found != nullptr) {
    response = (this->*found->handler)(request, name);
  } else if (!allowed.empty()) {
    response = refused(405, Error(ErrorCode::invalid_argument,
                                  base::printable(request.method) + " is not for this",
                                  base::printable(request.path), {}, allowed));
    response.headers["Allow"] = allowed;
  } else {
    response = refused(404, Error(ErrorCode::invalid_argument, "there is nothing here",
                                  base::printable(request.path), {}, "GET / lists what there is"));
  }
  const std::lock_guard lock(mutex_);
  ++answered_[{found ? std::string(found->path) : std::string("other"), response.status}];
  return response;
}

HttpResponse Gateway::index(const HttpRequest&, const std::string&) {
  std::vector<std::string> lines;
  for (const Route& route : routes()) {
    lines.push_back(JsonObject()
                        .text("method", route.method)
                        .text("path", route.path)
                        .text("summary", route.summary)
                        .str());
  }
  return json(JsonObject()
                  .text("dts", DTS_VERSION)
                  .text("domain", domain_.name())
                  .text("node", domain_.source())
                  .raw("routes", json_array(lines))
                  .str());
}

Catalogue Gateway::catalogue() {
  const std::lock_guard lock(asking_);
  if (instant_now() - asked_ > kFresh) {
    domain_.refresh();
    std::this_thread::sleep_for(kAnswers);
    asked_ = instant_now();
  }
  return domain_.catalogue();
}

HttpResponse Gateway::types(const HttpRequest&, const std::string&) {
  const Catalogue catalogue = this->catalogue();
  std::vector<std::string> lines;
  for (const std::string& name : families(catalogue)) {
    std::set<std::string> ids;
    std::vector<std::string> publishers;
    for (const NodeInfo& node : catalogue.nodes) {
      for (const StreamInfo& stream : node.streams) {
        if (stream.source.type_name != name) continue;
        ids.insert(stream.source.type.short_hex());
        publishers.push_back(stream.source.name);
      }
    }
    lines.push_back(JsonObject()
                        .text("type", name)
                        .texts("ids", std::vector<std::string>(ids.begin(), ids.end()))
                        .texts("publishers", publishers)
                        .texts("subscribers", subscribers_of(catalogue, name))
                        .str());
  }
  return json(json_array(lines));
}

// Why there is nothing of a family.
HttpResponse Gateway::nothing_of(const std::string& name) {
  const Catalogue catalogue = this->catalogue();
  if (publishers_of(catalogue, name) == 0)
    return refused(404, nobody_knows(catalogue, "get", name));
  const Why why = domain_.why(name);
  return refused(404, Error(ErrorCode::unknown_type, "no value of " + base::printable(name), {},
                            why.text, why.hint));
}

HttpResponse Gateway::type(const HttpRequest& request, const std::string& name) {
  const std::vector<Type> found = domain_.types(name, kLookup);
  if (found.empty()) return nothing_of(name);
  const auto form = request.parameter("as");
  if (!form) {
    std::vector<std::string> all;
    for (const Type& type : found) all.push_back(type_json(type));
    return json(json_array(all));
  }
  const auto language = schema::find_language(*form);
  if (!language) {
    return refused(422, Error(ErrorCode::invalid_argument, "no schema language",
                              "?as=" + base::printable(*form), {},
                              "notation proto capnp avro json-schema jtd cpp python"));
  }
  HttpResponse response;
  response.type = "text/plain; charset=utf-8";
  for (const Type& type : found) {
    const auto text = schema::export_schema(type, *language);
    if (!text) return failed(text.error());
    response.body += *text;
  }
  return response;
}

HttpResponse Gateway::latest(const HttpRequest& request, const std::string& name) {
  const auto options = selection_of(request);
  if (!options) return failed(options.error());
  const auto wait = number_of(request, "wait", 0.5);
  if (!wait) return failed(wait.error());
  const auto longest =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::min(*wait, 30.0)));
  const auto readings = domain_.latest(name, longest, *options);
  if (readings.empty()) return nothing_of(name);
  const std::string media = accepted(
      request, [](const std::string& each) { return !each.empty() && format_of(each) != nullptr; });
  const Format* const format = media.empty() ? nullptr : format_of(media);
  if (format == nullptr || format->name() == "json") {
    std::vector<std::string> lines;
    for (const auto& reading : readings) {
      const auto value = JsonEncoder().encode(reading.value);
      const Sample& sample = reading.sample;
      lines.push_back(sample_json({reading.value, sample.origin(), sample.sequence(),
                                   sample.published(), sample.received()},
                                  value ? *value : "null"));
    }
    return json(json_array(lines));
  }
  if (readings.size() > 1) {
    return refused(406, Error(ErrorCode::invalid_argument,
                              "there are values of " + std::to_string(readings.size()) +
                                  " sources, and " + media + " holds one",
                              {}, {}, "?from=" + readings[0].sample.source() + ", or ?label=K=V"));
  }
  const auto encoder = format->encoder(readings[0].value.layout());
  if (!encoder) return failed(encoder.error());
  Bytes bytes;
  if (const auto done = (*encoder)->encode(readings[0].value.data(), bytes); !done)
    return failed(done.error());
  HttpResponse response;
  response.type = media;
  response.body.assign(bytes.begin(), bytes.end());
  return response;
}

HttpResponse Gateway::stream(const HttpRequest& request, const std::string& name) {
  auto options = selection_of(request);
  if (!options) return failed(options.error());
  options->history = request.parameter("live").value_or("0") != "1";
  const std::string media =
      accepted(request, [](const std::string& each) { return each == kLines || each == kEvents; });
  if (++*streams_ > streams_max) {
    --*streams_;
    HttpResponse full = refused(
        503, Error(ErrorCode::limit_reached, "no more streams", {},
                   std::to_string(streams_max) + " are open", "close some, or another dts http"));
    full.headers["Retry-After"] = "5";
    return full;
  }
  const std::shared_ptr<void> seat(nullptr, [count = streams_](void*) { --*count; });
  const bool events = media == kEvents;
  const auto live =
      std::make_shared<LiveStream>(domain_, name, std::move(*options),
                                   events ? LiveStream::Form::events : LiveStream::Form::lines);
  if (const auto status = live->status(); !status) return failed(status.error());
  HttpResponse response;
  response.type = events ? kEvents : kLines;
  response.stream = [seat, live](std::string& out) {
    live->next(out);
    return true;
  };
  return response;
}

// As the request says, or as the bus has them.
Result<std::vector<Type>> Gateway::types_to_publish(const HttpRequest& request,
                                                    const std::string& name, bool& unknown) {
  if (const auto notation = request.parameter("define")) {
    DTS_ASSIGN(Type type, Type::parse(*notation));
    if (type.name() != name)
      return Error(
          ErrorCode::invalid_argument,
          "this defines " + base::printable(type.name()) + ", not " + base::printable(name),
          "?define=");
    return std::vector<Type>{std::move(type)};
  }
  auto found = domain_.types(name, kLookup);
  unknown = found.empty();
  return found;
}

Result<std::shared_ptr<Gateway::Outlet>> Gateway::outlet(const Type& type, const Labels& labels) {
  std::string key = type.id().hex();
  for (const auto& [name, value] : labels) key += '\0' + name + '\0' + value;
  const std::lock_guard lock(mutex_);
  if (const auto at = outlets_.find(key); at != outlets_.end()) return at->second;
  if (outlets_.size() >= sources_max)
    return Error(ErrorCode::limit_reached, "no more sources", {},
                 std::to_string(sources_max) + " types and labels are published here",
                 "another dts http");
  auto made = std::make_shared<Outlet>();
  made->type = type;
  DTS_ASSIGN(made->layout, Layout::of(type));
  made->labels = labels;
  outlets_.emplace(std::move(key), made);
  return made;
}

HttpResponse Gateway::publish(const HttpRequest& request, const std::string& name) {
  const std::string media = essence(request.header("content-type"));
  const bool lines = media == kLines;
  const Format* const format = lines ? find_format(built_in_formats(), "json") : format_of(media);
  if (format == nullptr) {
    return refused(415, Error(ErrorCode::unknown_format, "no format for this",
                              "Content-Type: " + base::printable(media), {}, media_types()));
  }
  const auto labels = labels_of(request);
  if (!labels) return failed(labels.error());
  bool unknown = false;
  const auto candidates = types_to_publish(request, name, unknown);
  if (!candidates) return failed(candidates.error());
  if (unknown) {
    std::string hint = "?define=" + name + "{...}";
    if (format->name() == "json")
      if (const auto type = type_from_json(name, request.body))
        hint = "?define=" + type->print(Type::Style::one_line);
    return refused(404, Error(ErrorCode::unknown_type,
                              "nobody publishes a type \"" + base::printable(name) + "\"", {},
                              "what its fields are has to be said once", hint));
  }
  std::vector<std::string_view> bodies;
  std::string_view rest = request.body;
  while (lines && !rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (rest.substr(0, end).find_first_not_of(" \t\r") != std::string_view::npos)
      bodies.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (!lines) bodies.push_back(rest);
  std::optional<Error> first;
  for (const Type& type : *candidates) {
    const auto made = outlet(type, *labels);
    if (!made) return failed(made.error());
    Outlet& outlet = **made;
    const std::lock_guard lock(outlet.mutex);
    std::vector<Value> values;
    for (std::size_t i = 0; i < bodies.size(); ++i) {  // all of them, or none
      auto value = outlet.decode(*format, as_bytes(bodies[i]));
      if (!value) {
        if (!first)
          first = lines ? value.error().at("line " + std::to_string(i + 1)) : value.error();
        break;
      }
      values.push_back(std::move(*value));
    }
    if (values.size() < bodies.size()) continue;
    if (!outlet.publisher.active()) {
      PublishOptions options;
      options.labels = outlet.labels;
      auto publisher = domain_.publisher(type, options);
      if (!publisher) return failed(publisher.error());
      outlet.publisher = std::move(*publisher);
    }
    for (const Value& value : values)
      if (const auto done = outlet.publisher.publish(value); !done) return failed(done.error());
    return json(JsonObject()
                    .text("type", type.name())
                    .text("id", type.id().short_hex())
                    .text("src", outlet.publisher.source().name)
                    .count("published", values.size())
                    .count("subscribers", outlet.publisher.subscribers())
                    .str());
  }
  return failed(*first);
}

HttpResponse Gateway::metrics(const HttpRequest&, const std::string&) {
  HttpResponse response;
  response.type = "text/plain; version=0.0.4; charset=utf-8";
  std::map<std::pair<std::string, int>, std::uint64_t> answered;
  {
    const std::lock_guard lock(mutex_);
    answered = answered_;
  }
  response.body = metrics_text(domain_, catalogue(), answered, *streams_);
  return response;
}

HttpResponse Gateway::openapi(const HttpRequest&, const std::string&) {
  return json(openapi_json(domain_, catalogue(), routes()));
}

}  // namespace dts::cli
