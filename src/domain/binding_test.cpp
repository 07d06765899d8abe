// Bindings on the bus: they come with the type, and each publisher is read by its own.
#include <gtest/gtest.h>

#include "domain/test_domain.hpp"

namespace dts::domain {
namespace {

// JSON behind a byte that says which binding it was written with: whoever reads it with another
// one, or with none, sees it.
class Marked final : public Format {
  struct Code final : Encoder, Decoder {
    std::unique_ptr<Encoder> encoder;
    std::unique_ptr<Decoder> decoder;
    std::uint8_t mark = 0;
    Result<void> encode(const void* value, Bytes& out) const override {
      out.push_back(mark);
      return encoder->encode(value, out);
    }
    Result<void> decode(ByteView message, void* value) const override {
      if (message.empty() || message[0] != mark)
        return Error(ErrorCode::decode, "written with another binding");
      return decoder->decode(message.subspan(1), value);
    }
  };
  static const Format& json() { return *find_format(built_in_formats(), "json"); }
  static std::uint8_t mark_of(const Binding& binding) {
    return static_cast<std::uint8_t>(binding.nodes()[0].members[0].number);
  }

 public:
  std::string_view name() const override { return "marked"; }
  std::uint8_t code() const override { return 201; }
  std::string_view media_type() const override { return "application/octet-stream"; }
  bool is_text() const override { return false; }
  Result<std::unique_ptr<Encoder>> encoder(const Layout& layout) const override {
    auto code = std::make_unique<Code>();
    DTS_ASSIGN(code->encoder, json().encoder(layout));
    return std::unique_ptr<Encoder>(std::move(code));
  }
  Result<std::unique_ptr<Decoder>> decoder(const Assignment& assignment, const Layout& layout,
                                           const DecodeLimits& limits) const override {
    auto code = std::make_unique<Code>();
    DTS_ASSIGN(code->decoder, json().decoder(assignment, layout, limits));
    return std::unique_ptr<Decoder>(std::move(code));
  }
  Result<std::unique_ptr<Encoder>> bound_encoder(const Layout& layout,
                                                 const Binding& binding) const override {
    auto code = std::make_unique<Code>();
    DTS_ASSIGN(code->encoder, json().encoder(layout));
    code->mark = mark_of(binding);
    return std::unique_ptr<Encoder>(std::move(code));
  }
  Result<std::unique_ptr<Decoder>> bound_decoder(const Assignment& assignment, const Layout& layout,
                                                 const Binding& binding,
                                                 const DecodeLimits& limits) const override {
    auto code = std::make_unique<Code>();
    DTS_ASSIGN(code->decoder, json().decoder(assignment, layout, limits));
    code->mark = mark_of(binding);
    return std::unique_ptr<Decoder>(std::move(code));
  }
};

DomainOptions marked_options(const std::string& hub, const std::string& node) {
  static const Marked format;
  static const Format* const table[] = {&format};
  DomainOptions options = options_of(hub, node);
  options.formats = table;
  return options;
}

PublishOptions bound(std::uint32_t number) {
  PublishOptions options;
  options.format = "marked";
  options.binding =
      Binding::make("marked", type_of<Level>(), {{"test.Level", 0, 0, 0, {{"litres", number}}}})
          .value();
  return options;
}

TEST(Bindings, come_with_the_type_and_each_publisher_is_read_by_its_own) {
  const std::string hub = new_hub();
  Domain a(marked_options(hub, "a")), b(marked_options(hub, "b"));
  std::vector<double> got;
  auto subscription = b.subscribe<Level>([&](const Level& level) { got.push_back(level.litres); });
  auto first = a.publisher<Level>(bound(1)), second = a.publisher<Level>(bound(2));
  PublishOptions plain;
  plain.format = "marked";
  auto third = a.publisher<Level>(plain);
  ASSERT_TRUE(first && second && third);
  ASSERT_TRUE(poll_until({&a, &b}, [&] {
    return first->subscribers() == 1 && second->subscribers() == 1 && third->subscribers() == 1;
  }));
  ASSERT_TRUE(first->publish({1}));
  ASSERT_TRUE(second->publish({2}));
  ASSERT_TRUE(third->publish({3}));
  ASSERT_TRUE(poll_until({&a, &b}, [&] { return got.size() == 3; }));
  std::sort(got.begin(), got.end());
  EXPECT_EQ(got, (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(subscription.counters().undecodable, 0u);
}

TEST(Bindings, serve_the_own_domain_and_values_known_only_at_run_time) {
  Domain a(marked_options(new_hub(), "a"));
  std::vector<double> got;
  auto subscription = a.subscribe<Level>([&](const Level& level) { got.push_back(level.litres); });
  auto publisher = a.publisher(type_of<Level>(), bound(7));
  ASSERT_TRUE(publisher) << publisher.error().text();
  Value value = Value::of(type_of<Level>()).value();
  ASSERT_TRUE(value.set("litres", 4.5));
  ASSERT_TRUE(publisher->publish(value));
  ASSERT_TRUE(poll_until({&a}, [&] { return got.size() == 1; }));
  EXPECT_EQ(got[0], 4.5);
}

TEST(Bindings, must_be_for_the_format_and_the_type) {
  Domain a(marked_options(new_hub(), "a"));
  PublishOptions other = bound(1);
  other.binding = Binding::make("protobuf", type_of<Level>(), {}).value();
  EXPECT_EQ(a.publisher<Level>(other).error().code(), ErrorCode::invalid_argument);
  other.binding = Binding::make("marked", type_of<Temperature>(), {}).value();
  EXPECT_EQ(a.publisher<Level>(other).error().code(), ErrorCode::invalid_argument);
}

TEST(Bindings, are_refused_by_a_format_that_has_none) {
  Domain a(options_of(new_hub(), "a"));
  PublishOptions options;
  options.format = "json";
  options.binding = Binding::make("json", type_of<Level>(), {}).value();
  const auto publisher = a.publisher<Level>(options);
  ASSERT_FALSE(publisher);
  EXPECT_EQ(publisher.error().code(), ErrorCode::unsupported);
  EXPECT_EQ(publisher.error().what(), "json has no bindings");
}

}  // namespace
}  // namespace dts::domain
