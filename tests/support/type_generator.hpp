// Type generator: types and values at random from a seed, for every test that wants many: of all
// kinds, nested, recursive, with defaults, units and ids; and subscribers' types that can read a
// given publisher's.
#pragma once

#include <base/random.hpp>
#include <dts/type.hpp>
#include <dts/value.hpp>

namespace dts::test {

// A type named gen.Root and the types it needs. The same numbers give the same type.
Type generate_type(base::Random& random);

// One whose values have a fixed size, as the format raw packs them: no text, list, optional ...
Type generate_packed_type(base::Random& random);

// Another version of `type` that can read it: fields left out, widened, made optional, added, in
// another unit; or narrowed and cut, so that a value may not fit.
Type generate_reader(const Type& type, base::Random& random);

// Overwrites a constructed value with random content that every format can hold.
void fill(const Layout& layout, void* value, base::Random& random, int depth = 0);
Value generate_value(const Type& type, base::Random& random);
Value generate_value(LayoutPtr layout, base::Random& random);

}  // namespace dts::test
