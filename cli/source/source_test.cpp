// The sensors on made-up /sys and /proc trees: unplugged, CRC NO, empty, 85.000, negative.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <unistd.h>

#include <cli/source/brewery.hpp>
#include <cli/source/host.hpp>
#include <cli/source/hwmon.hpp>
#include <cli/source/iio.hpp>
#include <cli/source/w1.hpp>

namespace dts::cli {
namespace {

// A directory tree that is removed at the end.
class Tree {
 public:
  Tree() {
    char name[] = "/tmp/dts-tree-XXXXXX";
    root_ = ::mkdtemp(name);
  }
  ~Tree() { std::filesystem::remove_all(root_); }
  void write(const std::string& path, const std::string& text) {
    const std::filesystem::path full = root_ + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text;
  }
  void remove(const std::string& path) { std::filesystem::remove_all(root_ + path); }
  Sysfs files() const { return Sysfs(root_); }

 private:
  std::string root_;
};

SensorFlags dry() {
  SensorFlags flags;
  flags.dry_run = true;
  return flags;
}

Instant at(int seconds) { return Instant(std::chrono::seconds(seconds)); }

// What one reading prints.
std::string read(Sensor& sensor, Emitter& out, Instant when = at(1)) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  sensor.read(when, out);
  const std::string errors = testing::internal::GetCapturedStderr();
  return testing::internal::GetCapturedStdout() + errors;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

constexpr const char* kGoodSlave =
    "72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=23125\n";

TEST(W1, reads_a_temperature) { EXPECT_DOUBLE_EQ(*parse_w1_slave(kGoodSlave), 23.125); }

TEST(W1, reads_a_negative_temperature) {
  EXPECT_DOUBLE_EQ(*parse_w1_slave("5e ff : crc=f2 YES\n5e ff t=-10125\n"), -10.125);
}

TEST(W1, refuses_a_wrong_checksum) {
  const auto result = parse_w1_slave("72 01 : crc=57 NO\n72 01 t=23125\n");
  ASSERT_FALSE(result);
  EXPECT_TRUE(has(result.error().why(), "crc NO"));
}

TEST(W1, refuses_the_power_up_value_and_the_low_power_value) {
  EXPECT_FALSE(parse_w1_slave("50 05 : crc=1c YES\n50 05 t=85000\n"));
  EXPECT_FALSE(parse_w1_slave("ff 07 : crc=1c YES\nff 07 t=127937\n"));
}

TEST(W1, refuses_what_is_empty_cut_or_no_number) {
  for (const char* text : {"", "YES", "a YES\n", "a YES\nb t=\n", "a YES\nb t=12x\n", "t=1\n",
                           "a YES\nb t=99999999999999999999\n"}) {
    EXPECT_FALSE(parse_w1_slave(text)) << text;
  }
}

TEST(W1, publishes_each_sensor_and_tells_of_the_unplugged_one) {
  Tree tree;
  tree.write("/sys/bus/w1/devices/28-0000000000aa/w1_slave", kGoodSlave);
  tree.write("/sys/bus/w1/devices/28-0000000000bb/temperature", "-1500\n");
  tree.write("/sys/bus/w1/devices/w1_bus_master1/w1_master_slaves", "");
  const auto sensor = make_w1_sensor(tree.files());
  Emitter out(nullptr, dry());
  const std::string first = read(*sensor, out);
  EXPECT_TRUE(has(first, "sensor.Temperature sensor=28-0000000000aa {\"celsius\":23.125}"))
      << first;
  EXPECT_TRUE(has(first, "sensor=28-0000000000bb {\"celsius\":-1.5}")) << first;

  tree.remove("/sys/bus/w1/devices/28-0000000000aa");
  const std::string second = read(*sensor, out);
  EXPECT_TRUE(has(second, "28-0000000000aa is unplugged")) << second;
  EXPECT_TRUE(has(second, "dts.SourceStatus sensor=28-0000000000aa")) << second;
  EXPECT_TRUE(has(second, "\"state\":\"gone\"")) << second;

  tree.write("/sys/bus/w1/devices/28-0000000000aa/w1_slave", kGoodSlave);
  EXPECT_TRUE(has(read(*sensor, out), "28-0000000000aa is back"));
}

TEST(W1, an_empty_temperature_file_is_a_failure_not_a_zero) {
  Tree tree;
  tree.write("/sys/bus/w1/devices/28-0000000000aa/temperature", "");
  const auto sensor = make_w1_sensor(tree.files());
  Emitter out(nullptr, dry());
  const std::string text = read(*sensor, out);
  EXPECT_TRUE(has(text, "\"state\":\"failing\"")) << text;
  EXPECT_FALSE(has(text, "celsius")) << text;
}

TEST(W1, a_missing_bus_says_how_to_switch_it_on) {
  Tree tree;
  const auto sensor = make_w1_sensor(tree.files());
  Emitter out(nullptr, dry());
  EXPECT_TRUE(has(read(*sensor, out), "dtoverlay=w1-gpio"));
  EXPECT_EQ(out.failures(), 1u);
}

TEST(W1, a_phantom_device_hints_at_the_pull_up) {
  Tree tree;
  tree.write("/sys/bus/w1/devices/f8-000000000000/name", "");
  const auto sensor = make_w1_sensor(tree.files());
  Emitter out(nullptr, dry());
  EXPECT_TRUE(has(read(*sensor, out), "pull-up"));
}

TEST(Iio, applies_offset_and_scale_of_the_channel_or_shared) {
  Tree tree;
  const std::string device = "/sys/bus/iio/devices/iio:device0";
  tree.write(device + "/name", "bme280\n");
  tree.write(device + "/in_temp_input", "21530\n");
  tree.write(device + "/in_pressure_raw", "1000\n");
  tree.write(device + "/in_pressure_scale", "0.1\n");
  tree.write(device + "/in_pressure_offset", "13\n");
  tree.write(device + "/in_voltage1_raw", "100\n");
  tree.write(device + "/in_voltage_scale", "2.5\n");
  tree.write(device + "/in_humidityrelative_input", "47300\n");
  const auto sensor = make_iio_sensor(tree.files(), "");
  Emitter out(nullptr, dry());
  const std::string text = read(*sensor, out);
  EXPECT_TRUE(has(text, "{\"celsius\":21.53}")) << text;
  EXPECT_TRUE(has(text, "{\"pressure\":101.3}")) << text;
  EXPECT_TRUE(has(text, "{\"voltage\":0.25}")) << text;
  EXPECT_TRUE(has(text, "{\"relative\":47.3}")) << text;
  EXPECT_EQ(out.failures(), 0u) << text;
}

TEST(Iio, a_device_that_is_not_there_is_named) {
  Tree tree;
  const auto sensor = make_iio_sensor(tree.files(), "bme280");
  Emitter out(nullptr, dry());
  EXPECT_TRUE(has(read(*sensor, out), "no IIO device \"bme280\""));
}

TEST(Hwmon, reads_every_kind_with_its_label) {
  Tree tree;
  const std::string chip = "/sys/class/hwmon/hwmon0";
  tree.write(chip + "/name", "nct6775\n");
  tree.write(chip + "/temp1_input", "-4500\n");
  tree.write(chip + "/temp1_label", "SYSTIN\n");
  tree.write(chip + "/in0_input", "1032\n");
  tree.write(chip + "/fan2_input", "1450\n");
  tree.write(chip + "/temp2_input", "garbage\n");
  tree.write(chip + "/temp2_label", std::string(5000, 'x'));
  const auto sensor = make_hwmon_sensor(tree.files());
  Emitter out(nullptr, dry());
  const std::string text = read(*sensor, out);
  EXPECT_TRUE(has(text, "channel=SYSTIN chip=nct6775 {\"celsius\":-4.5}")) << text;
  EXPECT_TRUE(has(text, "{\"voltage\":1.032}")) << text;
  EXPECT_TRUE(has(text, "{\"speed\":1450}")) << text;
  EXPECT_TRUE(has(text, "nct6775 temp2")) << text;  // the huge label is not used
  EXPECT_EQ(out.failures(), 1u);
}

TEST(Host, computes_rates_between_two_readings) {
  Tree tree;
  const auto times = [&](const char* cpu, const char* net) {
    tree.write("/proc/stat", std::string("cpu  ") + cpu + "\ncpu0 1 2 3\ncpu1 1 2 3\n");
    tree.write("/proc/net/dev",
               std::string("Inter-| Receive\n face |bytes\n  eth0: ") + net + "\n");
  };
  tree.write("/proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 250 kB\n");
  tree.write("/proc/loadavg", "0.52 0.40 0.30 1/100 1234\n");
  tree.write("/proc/self/mounts", "proc /proc proc rw 0 0\n");
  tree.write("/sys/class/thermal/thermal_zone0/type", "cpu-thermal\n");
  tree.write("/sys/class/thermal/thermal_zone0/temp", "48312\n");
  times("100 0 100 800 0 0 0 0 0 0", "1000 1 0 0 0 0 0 0 500 1 0 0 0 0 0 0");
  const auto sensor = make_host_sensor(tree.files());
  Emitter out(nullptr, dry());
  read(*sensor, out, at(10));
  times("150 0 125 825 0 0 0 0 0 0", "3000 1 2 0 0 0 0 0 1500 1 0 0 0 0 0 0");
  const std::string text = read(*sensor, out, at(12));
  EXPECT_TRUE(has(text, "\"busy\":75,\"user\":50,\"system\":25")) << text;
  EXPECT_TRUE(has(text, "\"cores\":2")) << text;
  EXPECT_TRUE(has(text, "\"load_1m\":0.52")) << text;
  EXPECT_TRUE(has(text, "\"used\":75")) << text;
  EXPECT_TRUE(has(text, "interface=eth0 {\"received\":1000,\"sent\":500")) << text;
  EXPECT_TRUE(has(text, "\"errors\":2")) << text;
  EXPECT_TRUE(has(text, "host.Temperature sensor=cpu-thermal {\"celsius\":48.312}")) << text;
}

TEST(Host, an_empty_machine_reports_what_it_cannot_read) {
  Tree tree;
  const auto sensor = make_host_sensor(tree.files());
  Emitter out(nullptr, dry());
  const std::string text = read(*sensor, out);
  EXPECT_EQ(out.readings(), 0u) << text;
  EXPECT_GE(out.failures(), 4u) << text;
}

TEST(Brewery, publishes_every_type_and_loses_a_gauge) {
  const auto sensor = make_brewery_sensor(2, std::chrono::seconds(60), 1);
  Emitter out(nullptr, dry());
  const std::string early = read(*sensor, out, at(100));
  for (const char* type :
       {"brewery.Temperature tank=1", "brewery.Temperature tank=2", "brewery.KojiRoom",
        "brewery.CarbonDioxide", "brewery.TankLevel tank=2", "brewery.Batch tank=1"}) {
    EXPECT_TRUE(has(early, type)) << type << "\n" << early;
  }
  const std::string late = read(*sensor, out, at(161));
  EXPECT_TRUE(has(late, "brewery.TankLevel tank=1")) << late;
  EXPECT_FALSE(has(late, "brewery.TankLevel tank=2")) << late;
  EXPECT_TRUE(has(late, "dts.SourceStatus sensor=level gauge 2")) << late;
}

}  // namespace
}  // namespace dts::cli
