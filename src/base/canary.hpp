// Canaries: known bugs seeded into the code, to prove that the tests would find such bugs. Each is
// an expression DTS_CANARY(number) that is false in every build but that of dts_sim_canaries, where
// one number at a time is awake (docs/internals/simulator.md).
#pragma once

#ifdef DTS_CANARIES
namespace dts::base {
inline unsigned canary_awake = 0;  // 0: none
}
#define DTS_CANARY(number) (::dts::base::canary_awake == (number))
#else
#define DTS_CANARY(number) false
#endif
