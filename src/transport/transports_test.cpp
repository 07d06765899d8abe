#include <gtest/gtest.h>

#include <set>

#include <dts/transport.hpp>

#include "transport/left_out.hpp"

namespace dts::transport {
namespace {

TEST(Transports, each_scheme_has_one_row) {
  std::set<std::string_view> schemes;
  for (const TransportPlugin& row : built_in_transports())
    EXPECT_TRUE(schemes.insert(row.scheme).second) << row.scheme;
  EXPECT_TRUE(schemes.contains("udp"));
}

TEST(Transports, one_that_was_not_built_names_the_package_to_install) {
  EXPECT_EQ(left_out("mqtt", "libmosquitto-dev").text(),
            "E1305 this build has no mqtt://: it was built without libmosquitto-dev (try: apt-get "
            "install libmosquitto-dev, and build DTS again)");
  for (const TransportPlugin& row : built_in_transports()) {
    if (row.needs.empty()) continue;
    const auto opened = row.open({.url = std::string(row.scheme) + "://anywhere"});
    ASSERT_FALSE(opened) << row.scheme;
    EXPECT_EQ(opened.error().text(), left_out(row.scheme, row.needs).text());
  }
}

}  // namespace
}  // namespace dts::transport
