#include <cli/source/brewery.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

#include <base/random.hpp>

namespace dts::cli {

namespace {

constexpr double kFermentDays = 25;
constexpr double kSecondsADay = 60;  // of the demo

// The product temperature of moromi on a day of its ferment: cold start, peak near day 8, and a
// slow descent to the pressing.
double moromi_celsius(double day) {
  if (day < 8) return 6 + 9 * std::sin(day / 8 * std::numbers::pi / 2);
  return 15 - 9 * (day - 8) / (kFermentDays - 8);
}

// To the nearest 1/parts: 13.6 and not 13.600000000000001.
double rounded(double value, double parts) { return std::round(value * parts) / parts; }

class BrewerySensor : public Sensor {
 public:
  BrewerySensor(int tanks, Duration dies_after, std::uint64_t seed)
      : tanks_(tanks), dies_after_(dies_after), random_(seed), opened_(now()) {}

  void read(Instant at, Emitter& out) override {
    if (began_ == Instant{}) began_ = at;
    const double seconds = std::chrono::duration<double>(at - began_).count();
    double ferment = 0;
    for (int tank = 1; tank <= tanks_; ++tank) {
      const double day = std::fmod(seconds / kSecondsADay + 5.0 * tank, kFermentDays);
      ferment += std::max(0.0, moromi_celsius(day) - 6);
      read_tank(tank, day, at - began_, out);
    }
    const double breath = std::sin(seconds / 20);
    out.emit("koji room",
             BreweryKojiRoom{rounded(34 + 2 * breath + noise(0.1), 10),
                             rounded(71 - 6 * breath + noise(0.5), 10)},
             {{"room", "koji"}});
    out.emit("moromi room", BreweryCarbonDioxide{rounded(520 + 60 * ferment + noise(10), 1)},
             {{"room", "moromi"}});
  }

  std::string describe() const override {
    return "a simulated brewery of " + std::to_string(tanks_) + " tanks, a day a minute";
  }

 private:
  void read_tank(int tank, double day, Duration age, Emitter& out) {
    const std::string name = std::to_string(tank);
    const Labels labels{{"tank", name}};
    out.emit("thermometer " + name,
             BreweryTemperature{rounded(moromi_celsius(day) + noise(0.05), 16), tank}, labels);
    const std::string gauge = "level gauge " + name;
    if (tank == tanks_ && age >= dies_after_) {
      out.fail(gauge,
               Error(ErrorCode::sensor, "the level gauge of tank " + name + " does not answer", {},
                     "this demo unplugs it after a while", "dts sub dts.SourceStatus"));
    } else {
      out.emit(gauge, BreweryTankLevel{rounded(1400 + 5 * day + noise(1), 1), tank}, labels);
    }
    const BreweryPhase phase = day < 1    ? BreweryPhase::filling
                               : day < 22 ? BreweryPhase::fermenting
                                          : BreweryPhase::resting;
    out.emit("batch " + name,
             BreweryBatch{"batch " + std::to_string(10 + tank), tank, phase,
                          rounded(18 * std::min(1.0, day / 20), 10), opened_},
             labels);
  }

  double noise(double size) { return size * (2 * random_.fraction() - 1); }

  int tanks_;
  Duration dies_after_;
  base::Random random_;
  Time opened_;
  Instant began_{};
};

}  // namespace

std::unique_ptr<Sensor> make_brewery_sensor(int tanks, Duration dies_after, std::uint64_t seed) {
  return std::make_unique<BrewerySensor>(tanks, dies_after, seed);
}

}  // namespace dts::cli
