// Everything a program needs.
#pragma once

#include <dts/declare.hpp>
#include <dts/domain.hpp>
#include <dts/publisher.hpp>
#include <dts/subscription.hpp>
#include <dts/value.hpp>
