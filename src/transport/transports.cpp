// The table of built-in transports, generated from src/plugins.cmake.
#include <dts/transport.hpp>

#include <generated/transports.inc>
