// The Python package's name for a machine: SHA-1 of the text of its machine-id. Any thread.
#pragma once

#include <string_view>

#include <dts/bytes.hpp>

namespace dts::bridge::python_dts {

// White space at the end of the text does not count. 20 bytes.
Bytes host_id_of(std::string_view machine_id);
// Of this machine; random, for this process only, when it has no id.
Bytes own_host_id();

}  // namespace dts::bridge::python_dts
