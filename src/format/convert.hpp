// Convert: a value of the publisher's in memory into a subscriber's, through a plan; the format
// that is no format. Plans use it for the publisher's defaults.
#pragma once

#include <format/plan.hpp>

namespace dts::format {

// Overwrites the constructed value `to`, which lies as step.to. `from` lies as the layout `lies`
// of the publisher's type.
bool convert(const PlanStep& step, const Layout& lies, const void* from, void* to,
             Failure& failure);

}  // namespace dts::format
