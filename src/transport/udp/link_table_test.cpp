#include "transport/udp/link_table.hpp"

#include <gtest/gtest.h>

namespace dts::transport {
namespace {

Interface interface(std::uint32_t index, std::uint32_t address = 1) {
  Interface result;
  result.index = index;
  result.name = "if" + std::to_string(index);
  result.address = address;
  result.mtu_bytes = 1500;
  result.up = result.running = result.multicast = true;
  return result;
}

TEST(LinkTable, an_interface_that_comes_back_is_another_link) {
  LinkTable table;
  EXPECT_EQ(table.update({interface(1), interface(2)}).added.size(), 2u);
  const auto gone = table.update({interface(1)});
  ASSERT_EQ(gone.removed.size(), 1u);
  EXPECT_EQ(gone.removed[0].index, 2u);
  EXPECT_EQ(table.find_interface(2).link, 0);
  table.update({interface(1), interface(2)});
  EXPECT_EQ(table.find_interface(1).link, 1);
  EXPECT_EQ(table.find_interface(2).link, 3);
  EXPECT_EQ(table.find(2), nullptr);
}

TEST(LinkTable, a_new_address_keeps_the_link) {
  LinkTable table;
  table.update({interface(1, 7)});
  EXPECT_FALSE(table.update({interface(1, 7)}).any);
  const auto changes = table.update({interface(1, 9)});
  EXPECT_TRUE(changes.any);
  EXPECT_TRUE(changes.added.empty());
  EXPECT_EQ(table.find_interface(1).link, 1);
  EXPECT_EQ(table.find_interface(1).address, 9u);
}

TEST(LinkTable, takes_no_more_interfaces_than_it_has_room_for) {
  LinkTable table;
  std::vector<Interface> many;
  for (std::uint32_t i = 1; i <= kLinksMax + 5; ++i) many.push_back(interface(i));
  const auto changes = table.update(many);
  EXPECT_TRUE(changes.full);
  EXPECT_EQ(table.active().size(), kLinksMax);
  EXPECT_EQ(table.find_interface(kLinksMax).link, kLinksMax);
  EXPECT_EQ(table.find_interface(kLinksMax + 1).link, 0);
}

TEST(LinkTable, a_link_takes_what_its_interface_takes_less_the_headers) {
  ActiveLink link{.index = 1, .interface = interface(1)};
  EXPECT_EQ(to_link(link).mtu_bytes, 1472u);
  link.interface.mtu_bytes = 65536;
  EXPECT_EQ(to_link(link).mtu_bytes, 65507u);
  link.interface.mtu_bytes = 0;
  EXPECT_EQ(to_link(link).mtu_bytes, 0u);
}

}  // namespace
}  // namespace dts::transport
