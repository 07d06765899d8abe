#include "domain/environment.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace dts::domain {
namespace {

// Sets an environment variable for the time of a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

TEST(Environment, is_the_default_domain_over_udp_and_memory_without_any_setting) {
  ::unsetenv("DTS_DOMAIN");
  const Environment e = environment_of({});
  EXPECT_EQ(e.domain, "default");
  EXPECT_EQ(e.transports, (std::vector<std::string>{"udp://", "shm://"}));
  EXPECT_FALSE(e.host.empty());
  EXPECT_FALSE(e.node.empty());
  EXPECT_TRUE(e.complaints.empty());
}

TEST(Environment, takes_the_domain_from_the_variable_unless_told) {
  const Variable variable("DTS_DOMAIN", "cellar");
  EXPECT_EQ(environment_of({}).domain, "cellar");
  DomainOptions options;
  options.name = "lab";
  EXPECT_EQ(environment_of(options).domain, "lab");
}

TEST(Environment, takes_the_transports_from_the_variable_unless_told) {
  const Variable variable("DTS_TRANSPORTS", "udp://?ttl=4");
  EXPECT_EQ(environment_of({}).transports, std::vector<std::string>{"udp://?ttl=4"});
  DomainOptions options;
  options.transports = {"loopback://"};
  EXPECT_EQ(environment_of(options).transports, std::vector<std::string>{"loopback://"});
}

TEST(Environment, adds_peers_and_labels_of_the_variables_to_the_options) {
  const Variable peers("DTS_PEERS", "pi-tank1, 10.0.0.7:9 ,");
  const Variable labels("DTS_LABELS", "room=cellar,tank=1");
  DomainOptions options;
  options.peers = {"host2"};
  options.labels = {{"tank", "3"}};
  const Environment e = environment_of(options);
  EXPECT_EQ(e.peers, (std::vector<std::string>{"pi-tank1", "10.0.0.7:9", "host2"}));
  EXPECT_EQ(e.labels, (Labels{{"room", "cellar"}, {"tank", "3"}}));
}

TEST(Environment, goes_on_without_labels_it_cannot_read_and_says_so) {
  const Variable labels("DTS_LABELS", "tank");
  const Environment e = environment_of({});
  EXPECT_TRUE(e.labels.empty());
  ASSERT_EQ(e.complaints.size(), 1u);
  EXPECT_NE(e.complaints[0].find("DTS_LABELS"), std::string::npos);
}

TEST(Environment, refuses_labels_with_bad_names_or_long_values) {
  EXPECT_FALSE(check_labels({{"no spaces", "x"}}));
  EXPECT_FALSE(check_labels({{"tank", std::string(256, 'x')}}));
  EXPECT_TRUE(check_labels({{"tank", std::string(255, 'x')}}));
}

}  // namespace
}  // namespace dts::domain
