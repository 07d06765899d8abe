// A Why as people and as scripts read it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <dts/subscription.hpp>
#include <dts/why.hpp>

namespace dts::cli {

// "no_peers_heard: ..." with the evidence, the differences and the hint on lines of their own.
std::string why_lines(const Why& why);
std::string why_json(std::string_view type, const Why& why);

// What did not fit and what became of it; nothing when all did.
std::vector<std::string> misfit_lines(const SubscriptionCounters& counters);

}  // namespace dts::cli
