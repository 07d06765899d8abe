// What a source is made of: a Sensor reads the world when told to, and hands readings and failures
// to an Emitter, which publishes them, applies the user's flags, and reports each sensor's health
// as dts.SourceStatus. A sensor that fails is data, not silence.
// One thread: the source command's.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <dts/domain.hpp>

#include <cli/source/types.hpp>

namespace dts::cli {

// Flags common to all sources.
struct SensorFlags {
  Duration every = std::chrono::seconds(1);
  Labels labels;
  std::string name;              // of the source; empty: the kind ("host", "w1")
  bool dry_run = false;          // print instead of publishing
  double scale = 1, offset = 0;  // value x scale + offset, of sensors with one number
  std::string format = "capnproto";
  Binding binding;  // of the one type that a schema file defines, in `format`
};

// Where readings go. The two ends: a domain, or standard output (--dry-run).
class Emitter {
 public:
  // `domain` may be null only for a dry run.
  Emitter(Domain* domain, SensorFlags flags);
  ~Emitter();

  const SensorFlags& flags() const { return flags_; }

  // A reading of `sensor` (a name for the status: "28-0f5e77aa"); a good reading ends a failure.
  template <class T>
  void emit(std::string_view sensor, const T& value, const Labels& labels = {}) {
    emit_at(sensor, layout_of<T>(), &value, labels);
  }
  void emit(std::string_view sensor, const Value& value, const Labels& labels = {});
  // A number after scale and offset.
  double adjust(double value) const { return value * flags_.scale + flags_.offset; }
  // The sensor could not be read now; `gone` when it has vanished. Told once per change.
  void fail(std::string_view sensor, const Error& error, bool gone = false);

  std::uint64_t readings() const { return readings_; }
  std::uint64_t failures() const { return failures_; }

 private:
  void emit_at(std::string_view sensor, const Layout& layout, const void* value,
               const Labels& labels);
  void good(std::string_view sensor);
  void publish_status(const SourceStatus& status);
  // `layout`: of a C++ type, which lives for ever; null for values that bring their own.
  ValuePublisher* publisher(const Type& type, const Layout* layout, const Labels& labels);
  void print(const Layout& layout, const void* value, const Labels& labels) const;

  Domain* domain_;
  SensorFlags flags_;
  std::map<std::pair<TypeId, Labels>, ValuePublisher> publishers_;
  std::map<std::string, SourceStatus, std::less<>> status_;
  std::uint64_t readings_ = 0, failures_ = 0;
};

class Sensor {  // interface: no fields
 public:
  virtual ~Sensor() = default;
  // Reads everything there is, once.
  virtual void read(Instant now, Emitter& out) = 0;
  // What it found, for the line that says what is being published: "2 sensors on 1 bus".
  virtual std::string describe() const = 0;
};

}  // namespace dts::cli
