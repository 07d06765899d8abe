// A Why as people and as scripts read it.
#pragma once

#include <string>
#include <string_view>

#include <dts/why.hpp>

namespace dts::cli {

// "no_peers_heard: ..." with the evidence, the differences and the hint on lines of their own.
std::string why_lines(const Why& why);
std::string why_json(std::string_view type, const Why& why);

}  // namespace dts::cli
