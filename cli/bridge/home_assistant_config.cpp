#include <cli/bridge/home_assistant_config.hpp>

namespace dts::cli {

std::string_view short_name(std::string_view name) {
  struct Row {
    std::string_view name, brief;
  };
  static constexpr Row rows[] = {{"availability", "avty"},
                                 {"availability_topic", "avty_t"},
                                 {"availability_template", "avty_tpl"},
                                 {"command_template", "cmd_tpl"},
                                 {"command_topic", "cmd_t"},
                                 {"components", "cmps"},
                                 {"device", "dev"},
                                 {"device_class", "dev_cla"},
                                 {"identifiers", "ids"},
                                 {"manufacturer", "mf"},
                                 {"model", "mdl"},
                                 {"object_id", "obj_id"},
                                 {"options", "ops"},
                                 {"origin", "o"},
                                 {"payload_available", "pl_avail"},
                                 {"payload_not_available", "pl_not_avail"},
                                 {"payload_off", "pl_off"},
                                 {"payload_on", "pl_on"},
                                 {"payload_press", "pl_prs"},
                                 {"platform", "p"},
                                 {"state_class", "stat_cla"},
                                 {"state_off", "stat_off"},
                                 {"state_on", "stat_on"},
                                 {"state_topic", "stat_t"},
                                 {"state_value_template", "stat_val_tpl"},
                                 {"topic", "t"},
                                 {"unique_id", "uniq_id"},
                                 {"unit_of_measurement", "unit_of_meas"},
                                 {"value_template", "val_tpl"}};
  for (const Row& row : rows)
    if (row.name == name) return row.brief;
  return {};
}

std::optional<Json> DiscoveryConfig::find(std::string_view name) const {
  for (const std::optional<Json>& from : {std::optional(own_), shared_}) {
    if (!from) continue;
    if (const auto found = cli::find(*from, name)) return found;
    const std::string_view brief = short_name(name);
    if (brief.empty()) continue;
    if (const auto found = cli::find(*from, brief)) return found;
  }
  return {};
}

std::string DiscoveryConfig::text(std::string_view name, std::string_view otherwise) const {
  const auto found = find(name);
  return found && !found->is_null() ? plain_text(*found) : std::string(otherwise);
}

std::string DiscoveryConfig::expanded(std::string text) const {
  const std::string base = this->text("~");
  if (base.empty()) return text;
  if (text.starts_with('~')) text.replace(0, 1, base);
  if (text.ends_with('~')) text.replace(text.size() - 1, 1, base);
  return text;
}

}  // namespace dts::cli
