// A message of Home Assistant's discovery, with its full and its short names alike.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cli/bridge/foreign_payload.hpp>

namespace dts::cli {

class DiscoveryConfig {
 public:
  // `shared`: what a device says once for all its components.
  explicit DiscoveryConfig(Json own, std::optional<Json> shared = {})
      : own_(own), shared_(shared) {}

  // By the full name.
  std::optional<Json> find(std::string_view name) const;
  std::string text(std::string_view name, std::string_view otherwise = {}) const;
  // With "~" replaced by the base topic, as texts ending or beginning with it have it.
  std::string topic(std::string_view name) const { return expanded(text(name)); }
  std::string expanded(std::string text) const;

 private:
  Json own_;
  std::optional<Json> shared_;
};

// The short name that Home Assistant has for a full one; empty: none.
std::string_view short_name(std::string_view name);

}  // namespace dts::cli
