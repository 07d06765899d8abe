// The types that the built-in sources publish. Plain structs, declared as any user would.
#pragma once

#include <cstdint>
#include <string>

#include <dts/declare.hpp>
#include <dts/time.hpp>

namespace dts::cli {

// --- this machine (dts source host) -----------------------------------------------------------

struct HostCpu {
  double busy, user, system, io_wait;
  double load_1m;
  std::uint32_t cores;
  static constexpr auto dts = dts::type(
      "host.Cpu", dts::field(&HostCpu::busy).unit("%").doc("of all cores, since the last reading"),
      dts::field(&HostCpu::user).unit("%"), dts::field(&HostCpu::system).unit("%"),
      dts::field(&HostCpu::io_wait).unit("%"),
      dts::field(&HostCpu::load_1m).doc("processes running or waiting, over a minute"));
};

struct HostMemory {
  std::uint64_t total, available, swap_total, swap_free;
  double used;
  static constexpr auto dts = dts::type(
      "host.Memory", dts::field(&HostMemory::total).unit("By"),
      dts::field(&HostMemory::available).unit("By").doc("without swapping"),
      dts::field(&HostMemory::swap_total).unit("By"), dts::field(&HostMemory::swap_free).unit("By"),
      dts::field(&HostMemory::used).unit("%"));
};

// Label `sensor`: which one.
struct HostTemperature {
  double celsius;
  static constexpr auto dts =
      dts::type("host.Temperature", dts::field(&HostTemperature::celsius).unit("Cel"));
};

// Label `mount`.
struct HostDisk {
  std::uint64_t total, free;
  double used;
  static constexpr auto dts =
      dts::type("host.Disk", dts::field(&HostDisk::total).unit("By"),
                dts::field(&HostDisk::free).unit("By").doc("to ordinary users"),
                dts::field(&HostDisk::used).unit("%"));
};

// Label `interface`.
struct HostNetwork {
  double received, sent;
  std::uint64_t received_total, sent_total, errors, dropped;
  static constexpr auto dts = dts::type(
      "host.Network", dts::field(&HostNetwork::received).unit("By/s"),
      dts::field(&HostNetwork::sent).unit("By/s"),
      dts::field(&HostNetwork::received_total).unit("By").doc("since the machine started"),
      dts::field(&HostNetwork::sent_total).unit("By"));
};

// --- sensors (dts source w1, iio, hwmon) ------------------------------------------------------

struct SensorTemperature {
  double celsius;
  static constexpr auto dts =
      dts::type("sensor.Temperature", dts::field(&SensorTemperature::celsius).unit("Cel"));
};
struct SensorPressure {
  double pressure;
  static constexpr auto dts =
      dts::type("sensor.Pressure", dts::field(&SensorPressure::pressure).unit("kPa"));
};
struct SensorHumidity {
  double relative;
  static constexpr auto dts =
      dts::type("sensor.Humidity", dts::field(&SensorHumidity::relative).unit("%"));
};
struct SensorVoltage {
  double voltage;
  static constexpr auto dts =
      dts::type("sensor.Voltage", dts::field(&SensorVoltage::voltage).unit("V"));
};
struct SensorCurrent {
  double current;
  static constexpr auto dts =
      dts::type("sensor.Current", dts::field(&SensorCurrent::current).unit("A"));
};
struct SensorPower {
  double power;
  static constexpr auto dts = dts::type("sensor.Power", dts::field(&SensorPower::power).unit("W"));
};
struct SensorFan {
  double speed;
  static constexpr auto dts = dts::type("sensor.Fan", dts::field(&SensorFan::speed).unit("/min"));
};

// --- the demo brewery -------------------------------------------------------------------------

struct BreweryTemperature {
  double celsius;
  std::int32_t tank;
  static constexpr auto dts =
      dts::type("brewery.Temperature", dts::field(&BreweryTemperature::celsius).unit("Cel"));
};
struct BreweryKojiRoom {
  double celsius, humidity;
  static constexpr auto dts =
      dts::type("brewery.KojiRoom", dts::field(&BreweryKojiRoom::celsius).unit("Cel"),
                dts::field(&BreweryKojiRoom::humidity).unit("%"));
};
struct BreweryCarbonDioxide {
  double concentration;
  static constexpr auto dts = dts::type(
      "brewery.CarbonDioxide", dts::field(&BreweryCarbonDioxide::concentration)
                                   .unit("[ppm]")
                                   .doc("of the room's air; 5000 is the limit for a shift"));
};
struct BreweryTankLevel {
  double level;
  std::int32_t tank;
  static constexpr auto dts =
      dts::type("brewery.TankLevel", dts::field(&BreweryTankLevel::level).unit("mm"));
};
enum class BreweryPhase : std::int32_t { filling, fermenting, resting, empty };
struct BreweryBatch {
  std::string name;
  std::int32_t tank;
  BreweryPhase phase;
  double alcohol;
  Time started;
  static constexpr auto dts =
      dts::type("brewery.Batch", dts::field(&BreweryBatch::alcohol).unit("%").quantity("abv"));
};

// --- the health of a source -------------------------------------------------------------------

enum class SourceState : std::int32_t { ok, failing, gone };
struct SourceStatus {
  std::string sensor;
  SourceState state;
  std::uint64_t errors;
  std::string last_error;
  static constexpr auto dts = dts::type(
      "dts.SourceStatus", dts::field(&SourceStatus::errors).doc("since the source began"));
};

}  // namespace dts::cli

template <>
inline constexpr auto dts::describe<dts::cli::BreweryPhase> = dts::type("brewery.Phase");
template <>
inline constexpr auto dts::describe<dts::cli::SourceState> = dts::type("dts.SourceState");
