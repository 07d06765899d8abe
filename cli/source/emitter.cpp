#include <cli/source/sensor.hpp>

#include <cstdio>

namespace dts::cli {

Emitter::Emitter(Domain* domain, SensorFlags flags) : domain_(domain), flags_(std::move(flags)) {}
Emitter::~Emitter() = default;

void Emitter::emit_at(std::string_view sensor, const Layout& layout, const void* value,
                      const Labels& labels) {
  good(sensor);
  if (flags_.dry_run) return print(layout, value, labels);
  ValuePublisher* const to = publisher(layout.type, &layout, labels);
  if (to == nullptr) return;
  if (const auto published = to->publish_at(value); !published) {
    fail(sensor, published.error());
  }
}

void Emitter::emit(std::string_view sensor, const Value& value, const Labels& labels) {
  good(sensor);
  if (flags_.dry_run) return print(value.layout(), value.data(), labels);
  // Each value may have a layout of its own, which ends with it: the publisher is of the type.
  ValuePublisher* const to = publisher(value.type(), nullptr, labels);
  if (to == nullptr) return;
  if (const auto published = to->publish(value); !published) fail(sensor, published.error());
}

void Emitter::good(std::string_view sensor) {
  ++readings_;
  const auto status = status_.find(sensor);
  if (status == status_.end()) {
    status_.emplace(sensor, SourceStatus{std::string(sensor), SourceState::ok, 0, {}});
  } else if (status->second.state != SourceState::ok) {
    status->second.state = SourceState::ok;
    publish_status(status->second);
    std::fprintf(stderr, "%s is back\n", status->first.c_str());
  }
}

void Emitter::fail(std::string_view sensor, const Error& error, bool gone) {
  ++failures_;
  auto status = status_.find(sensor);
  if (status == status_.end()) {
    status =
        status_.emplace(sensor, SourceStatus{std::string(sensor), SourceState::ok, 0, {}}).first;
  }
  SourceStatus& now = status->second;
  const SourceState state = gone ? SourceState::gone : SourceState::failing;
  const std::string text = error.text();
  const bool changed = now.state != state || now.last_error != text;
  now.state = state;
  now.last_error = text;
  ++now.errors;
  if (changed) std::fprintf(stderr, "! %s: %s\n", now.sensor.c_str(), text.c_str());
  publish_status(now);
}

void Emitter::publish_status(const SourceStatus& status) {
  const Layout& layout = layout_of<SourceStatus>();
  const Labels labels{{"sensor", status.sensor}};
  if (flags_.dry_run) return print(layout, &status, labels);
  if (ValuePublisher* const to = publisher(layout.type, &layout, labels)) {
    // A status that cannot be published has nowhere else to go but the line above.
    static_cast<void>(to->publish_at(&status));
  }
}

ValuePublisher* Emitter::publisher(const Type& type, const Layout* layout, const Labels& labels) {
  Labels all = flags_.labels;
  for (const auto& [key, value] : labels) all[key] = value.substr(0, 255);
  const auto known = publishers_.find({type.id(), all});
  if (known != publishers_.end()) return &known->second;
  PublishOptions options;
  options.labels = all;
  options.profile = Profile::state;
  options.name = flags_.name;
  options.format = flags_.format;
  if (flags_.binding.valid() && flags_.binding.type() == type.id())
    options.binding = flags_.binding;
  auto made = layout != nullptr ? domain_->publisher(*layout, std::move(options))
                                : domain_->publisher(type, std::move(options));
  if (!made) {
    std::fprintf(stderr, "! %s\n", made.error().text().c_str());
    return nullptr;
  }
  return &publishers_.emplace(std::pair(type.id(), std::move(all)), std::move(*made)).first->second;
}

void Emitter::print(const Layout& layout, const void* value, const Labels& labels) const {
  Bytes json;
  const Format* const format = find_format(built_in_formats(), "json");
  const auto encoder = format->encoder(layout);
  if (!encoder) return;
  if (const auto encoded = (*encoder)->encode(value, json); !encoded) {
    std::fprintf(stderr, "! %s\n", encoded.error().text().c_str());
    return;
  }
  std::string text;
  for (const auto& [key, label] : labels) text += " " + key + "=" + label;
  std::printf("%s%s %.*s\n", layout.type.name().c_str(), text.c_str(),
              static_cast<int>(json.size()), reinterpret_cast<const char*>(json.data()));
  std::fflush(stdout);
}

}  // namespace dts::cli
