// What a node says about its losses, in words: whose doing they are, and what to try.
#pragma once

#include <string>

#include <proto/engine.hpp>

namespace dts::domain {

// Empty when it loses next to nothing.
std::string losses_of(const proto::Health& health);

}  // namespace dts::domain
