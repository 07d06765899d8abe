#include <cli/bridge/foreign_unit.hpp>

#include <type/unit.hpp>

namespace dts::cli {

namespace {

struct Row {
  std::string_view text, code, device_class;
};
// The first row of a code is how it is written, all are read. Micro is both U+00B5 and U+03BC.
constexpr Row kRows[] = {
    {"°C", "Cel", "temperature"},
    {"°F", "[degF]", "temperature"},
    {"℃", "Cel", "temperature"},
    {"ºC", "Cel", "temperature"},
    {"C", "Cel", "temperature"},
    {"℉", "[degF]", "temperature"},
    {"F", "[degF]", "temperature"},
    {"K", "K", "temperature"},
    {"%", "%", ""},
    {"%RH", "%", ""},
    {"hPa", "hPa", "pressure"},
    {"mbar", "mbar", "pressure"},
    {"Pa", "Pa", "pressure"},
    {"kPa", "kPa", "pressure"},
    {"bar", "bar", "pressure"},
    {"psi", "[psi]", "pressure"},
    {"mmHg", "mm[Hg]", "pressure"},
    {"inHg", "[in_i'Hg]", "pressure"},
    {"lx", "lx", "illuminance"},
    {"lux", "lx", "illuminance"},
    {"Lx", "lx", "illuminance"},
    {"W", "W", "power"},
    {"kW", "kW", "power"},
    {"watt", "W", "power"},
    {"mW", "mW", "power"},
    {"V", "V", "voltage"},
    {"mV", "mV", "voltage"},
    {"volt", "V", "voltage"},
    {"Volt", "V", "voltage"},
    {"A", "A", "current"},
    {"mA", "mA", "current"},
    {"Wh", "W.h", "energy"},
    {"kWh", "kW.h", "energy"},
    {"MWh", "MW.h", "energy"},
    {"J", "J", "energy"},
    {"VA", "V.A", "apparent_power"},
    {"kVA", "kV.A", "apparent_power"},
    {"Hz", "Hz", "frequency"},
    {"kHz", "kHz", "frequency"},
    {"MHz", "MHz", "frequency"},
    {"ppm", "[ppm]", ""},
    {"ppb", "[ppb]", ""},
    {"µg/m³", "ug/m3", ""},
    {"μg/m³", "ug/m3", ""},
    {"ug/m3", "ug/m3", ""},
    {"mg/m³", "mg/m3", ""},
    {"ms", "ms", "duration"},
    {"s", "s", "duration"},
    {"sec", "s", "duration"},
    {"seconds", "s", "duration"},
    {"min", "min", "duration"},
    {"minute", "min", "duration"},
    {"minutes", "min", "duration"},
    {"h", "h", "duration"},
    {"hour", "h", "duration"},
    {"Hours", "h", "duration"},
    {"Hr", "h", "duration"},
    {"hours", "h", "duration"},
    {"d", "d", "duration"},
    {"day", "d", "duration"},
    {"days", "d", "duration"},
    {"m/s", "m/s", "speed"},
    {"km/h", "km/h", "speed"},
    {"mph", "[mi_i]/h", "speed"},
    {"kn", "[kn_i]", "speed"},
    {"mm", "mm", "distance"},
    {"cm", "cm", "distance"},
    {"m", "m", "distance"},
    {"meters", "m", "distance"},
    {"km", "km", "distance"},
    {"in", "[in_i]", "distance"},
    {"ft", "[ft_i]", "distance"},
    {"mi", "[mi_i]", "distance"},
    {"g", "g", "weight"},
    {"kg", "kg", "weight"},
    {"lb", "[lb_av]", "weight"},
    {"oz", "[oz_av]", "weight"},
    {"L", "L", "volume"},
    {"L", "l", "volume"},
    {"l", "l", "volume"},
    {"mL", "mL", "volume"},
    {"m³", "m3", "volume"},
    {"ft³", "[cft_i]", "volume"},
    {"L/min", "L/min", "volume_flow_rate"},
    {"gal/min", "[gal_us]/min", "volume_flow_rate"},
    {"m³/h", "m3/h", "volume_flow_rate"},
    {"W/m²", "W/m2", "irradiance"},
    {"mm/h", "mm/h", "precipitation_intensity"},
    {"µS/cm", "uS/cm", "conductivity"},
    {"μS/cm", "uS/cm", "conductivity"},
    {"°", "deg", ""},
    {"‰", "[ppth]", ""},
    {"µm", "um", ""},
    {"rpm", "/min", ""},
    {"pH", "[pH]", ""},
    {"lm", "lm", ""},
    {"Ω", "Ohm", ""},
    {"B", "By", "data_size"},
    {"kB", "kBy", "data_size"},
    {"MB", "MBy", "data_size"},
    {"GB", "GBy", "data_size"},
    {"B/s", "By/s", "data_rate"},
    {"kB/s", "kBy/s", "data_rate"},
    {"MB/s", "MBy/s", "data_rate"},
};

}  // namespace

std::string unit_from_foreign(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  for (const Row& row : kRows)
    if (row.text == text) return std::string(row.code);
  // Some write UCUM.
  return !text.empty() && parse_unit(text) ? std::string(text) : "";
}

ForeignUnit unit_to_foreign(std::string_view code) {
  for (const Row& row : kRows)
    if (row.code == code) return {row.text, row.device_class};
  return {};
}

}  // namespace dts::cli
