// Declaring a C++ type: plain aggregates, no generator, no macro. One line gives the name and, if
// wanted, units, ids, defaults and docs:
//
//   struct Temperature {
//     double celsius;
//     std::int32_t tank;
//     static constexpr auto dts =
//         dts::type("brewery.Temperature", dts::field(&Temperature::celsius).unit("Cel"));
//   };
#pragma once

#include <dts/layout.hpp>
#include <dts/type.hpp>

namespace dts {

// The Layout of a C++ type; layout.type is its Type. Lives for ever; any thread.
template <class T>
const Layout& layout_of();

// The Type of a C++ type.
template <class T>
const Type& type_of() {
  return layout_of<T>().type;
}

}  // namespace dts
