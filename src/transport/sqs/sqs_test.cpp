// What SQS is asked and answers, the names of queues, keys and regions: all that needs no network.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "base/base64.hpp"
#include "transport/sqs/account.hpp"
#include "transport/sqs/calls.hpp"
#include "transport/sqs/json.hpp"
#include "transport/sqs/queues.hpp"

namespace dts::transport::sqs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// --- json ----------------------------------------------------------------------------------

TEST(SqsJson, reads_all_kinds_and_finds_members_by_name) {
  const Json json =
      read_json(R"( {"a": [1, -2.5e3, true, null], "b": {"c": "d\"\\\/\n\u00e4\ud83c\udf76"}} )")
          .value();
  ASSERT_EQ(json.at("a").items.size(), 4u);
  EXPECT_EQ(json.at("a").items[1].text, "-2.5e3");
  EXPECT_EQ(json.at("a").items[3].kind, Json::Kind::null);
  EXPECT_EQ(json.at("b").at("c").text, "d\"\\/\nä🍶");
  EXPECT_EQ(json.at("nothing").at("at all").kind, Json::Kind::null);
}

TEST(SqsJson, refuses_what_is_none) {
  for (const char* text : {"", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "\"a", "\"\\x\"", "\"\\u12\"",
                           "\"\\ud800\"", "\"\\ud800\\u0041\"", "nil", "{} {}", "[1 2]"})
    EXPECT_EQ(read_json(text).error().code(), ErrorCode::decode) << text;
}

TEST(SqsJson, refuses_to_go_deep) {
  EXPECT_TRUE(read_json("[[[[[[[[]]]]]]]]"));
  EXPECT_FALSE(read_json(std::string(100'000, '[')));
}

TEST(SqsJson, writes_texts_that_read_back) {
  std::string text;
  append_json(text, "a\"b\\c\n\x01ä");
  EXPECT_EQ(text, "\"a\\\"b\\\\c\\u000a\\u0001ä\"");
  EXPECT_EQ(read_json(text).value().text, "a\"b\\c\n\x01ä");
}

// --- calls ---------------------------------------------------------------------------------

TEST(SqsCalls, are_as_amazon_has_them) {
  const Call create = create_queue("q-1", {.retention_s = 300, .visibility_s = 30, .alive = "17"});
  EXPECT_EQ(create.action, "CreateQueue");
  EXPECT_EQ(create.body, R"({"QueueName":"q-1","Attributes":{"MessageRetentionPeriod":"300",)"
                         R"("VisibilityTimeout":"30"},"tags":{"dts-alive":"17"}})");
  const std::string_view bodies[] = {"QQ==", "Qg=="};
  EXPECT_EQ(send_messages("u", bodies).body,
            R"({"QueueUrl":"u","Entries":[{"Id":"0","MessageBody":"QQ=="},)"
            R"({"Id":"1","MessageBody":"Qg=="}]})");
  const std::string receipts[] = {"r\"1"};
  EXPECT_EQ(delete_messages("u", receipts).body,
            R"({"QueueUrl":"u","Entries":[{"Id":"0","ReceiptHandle":"r\"1"}]})");
  EXPECT_EQ(list_queues("p", "t").body,
            R"({"QueueNamePrefix":"p","MaxResults":1000,"NextToken":"t"})");
}

TEST(SqsCalls, takes_messages_whose_md5_is_right) {
  const std::string body = base::to_base64(as_bytes("hello"));
  const auto received = read_messages(R"({"Messages":[{"Body":")" + body + R"(","MD5OfBody":")" +
                                      md5_hex(body) + R"(","ReceiptHandle":"r1"}]})")
                            .value();
  ASSERT_EQ(received.envelopes.size(), 1u);
  EXPECT_EQ(as_text(received.envelopes[0]), "hello");
  EXPECT_THAT(received.receipts, ElementsAre("r1"));
  EXPECT_EQ(received.damaged, 0u);
}

TEST(SqsCalls, counts_damaged_messages_and_deletes_them_all_the_same) {
  const auto received =
      read_messages(R"({"Messages":[{"Body":"aGVsbG8=","MD5OfBody":"00","ReceiptHandle":"r1"},)"
                    R"({"Body":"!!!!","MD5OfBody":")" +
                    md5_hex("!!!!") + R"(","ReceiptHandle":"r2"},{}]})")
          .value();
  EXPECT_TRUE(received.envelopes.empty());
  EXPECT_EQ(received.damaged, 3u);
  EXPECT_THAT(received.receipts, ElementsAre("r1", "r2", ""));
}

TEST(SqsCalls, an_empty_answer_holds_no_messages) {
  EXPECT_TRUE(read_messages("").value().envelopes.empty());
  EXPECT_TRUE(read_messages("{}").value().envelopes.empty());
}

TEST(SqsCalls, base64_keeps_every_length) {
  for (std::size_t size = 0; size < 70; ++size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 37 + size);
    const std::string body = base::to_base64(bytes);
    const auto received = read_messages(R"({"Messages":[{"Body":")" + body + R"(","MD5OfBody":")" +
                                        md5_hex(body) + R"(","ReceiptHandle":"r"}]})")
                              .value();
    ASSERT_EQ(received.envelopes.size(), 1u) << size;
    EXPECT_EQ(received.envelopes[0], bytes);
  }
}

TEST(SqsCalls, knows_which_of_a_batch_arrived) {
  const std::string_view bodies[] = {"QQ==", "Qg==", "Qw=="};
  const auto result =
      read_send_result(R"({"Successful":[{"Id":"0","MD5OfMessageBody":")" + md5_hex("QQ==") +
                           R"("},{"Id":"1","MD5OfMessageBody":"00"},{"Id":"9"}],)" +
                           R"("Failed":[{"Id":"2","Code":"InternalError","Message":"sorry"}]})",
                       bodies)
          .value();
  EXPECT_EQ(result.failed, 2u);
  EXPECT_EQ(result.why, "InternalError: sorry");
}

TEST(SqsCalls, reads_refusals_in_either_protocols_words) {
  const Refusal now =
      read_refusal(R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"gone"})");
  EXPECT_EQ(now.name, "QueueDoesNotExist");
  EXPECT_EQ(now.text, "gone");
  EXPECT_EQ(read_refusal(R"({"__type":"AWS.SimpleQueueService.NonExistentQueue"})").name,
            "QueueDoesNotExist");
  EXPECT_EQ(read_refusal("<html>").name, "");
}

// --- names ---------------------------------------------------------------------------------

constexpr Member kMember = 0x00c0ffee00000001;

TEST(SqsQueues, names_say_the_place_and_whose_it_is) {
  const std::string base = queue_base("dts", "brewery");
  const QueueName group{.place = {.group = 17}, .owner = kMember, .number = 3};
  const QueueName own{.place = {.member = kMember}, .owner = kMember, .number = 1};
  EXPECT_EQ(queue_name(base, group), "dts-brewery-g17-00c0ffee00000001-3");
  EXPECT_EQ(queue_name(base, own), "dts-brewery-m-00c0ffee00000001-1");
  for (const QueueName& name : {group, own}) {
    const std::string text = queue_name(base, name);
    EXPECT_TRUE(text.starts_with(queue_prefix(base, name.place)));
    const auto read = read_queue_name(base, "https://sqs.eu-central-1.amazonaws.com/1234/" + text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->place, name.place);
    EXPECT_EQ(read->owner, kMember);
    EXPECT_EQ(read->number, name.number);
  }
}

TEST(SqsQueues, fit_into_eighty_characters_at_their_longest) {
  const QueueName name{.place = {.group = 255}, .owner = kMember, .number = 999'999};
  EXPECT_EQ(queue_name("b", name).size(), 1 + kQueueNameRestMax);
}

TEST(SqsQueues, what_is_of_another_domain_is_not_ours) {
  const std::string base = queue_base("dts", "a");
  for (const char* text :
       {"dts-a-g1-g2-00c0ffee00000001-1", "dts-a-g1", "dts-a", "dts-a-g256-00c0ffee00000001-1",
        "dts-a-gx-00c0ffee00000001-1", "dts-a-g1-00c0ffee0000001-1", "dts-a-g1-00c0ffee00000001-",
        "dts-a-g1-00c0ffee00000001-1x", "dts-a-m-00c0ffee0000000z-1",
        "dts-ab-g1-00c0ffee00000001-1", ""})
    EXPECT_FALSE(read_queue_name(base, text)) << text;
}

// --- account -------------------------------------------------------------------------------

class SqsAccount : public ::testing::Test {
 protected:
  SqsAccount() {
    std::string pattern = ::testing::TempDir() + "dts-aws-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    variables_["HOME"] = folder_;
  }
  ~SqsAccount() override {
    for (const char* name : {"credentials", "config"}) ::unlink((folder_ + "/" + name).c_str());
    ::rmdir(folder_.c_str());
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
    variables_[name == "config" ? "AWS_CONFIG_FILE" : "AWS_SHARED_CREDENTIALS_FILE"] =
        folder_ + "/" + name;
  }
  Variable variable() {
    return [this](const char* name) { return variables_[name]; };
  }
  std::string folder_;
  std::map<std::string, std::string> variables_;
};

TEST_F(SqsAccount, takes_keys_from_the_environment_first) {
  write("credentials", "[default]\naws_access_key_id=file\naws_secret_access_key=s\n");
  variables_["AWS_ACCESS_KEY_ID"] = "id";
  variables_["AWS_SECRET_ACCESS_KEY"] = "secret";
  variables_["AWS_SESSION_TOKEN"] = "token";
  const Keys keys = find_keys(variable()).value();
  EXPECT_EQ(keys.id, "id");
  EXPECT_EQ(keys.secret, "secret");
  EXPECT_EQ(keys.token, "token");
}

TEST_F(SqsAccount, takes_them_from_the_profile_that_is_asked_for) {
  write("credentials",
        "# mine\n[default]\naws_access_key_id = a\naws_secret_access_key = b\n\n[cellar]\n"
        "aws_access_key_id=c\r\naws_secret_access_key = d=/+\naws_session_token = e\n");
  EXPECT_EQ(find_keys(variable()).value().id, "a");
  variables_["AWS_PROFILE"] = "cellar";
  const Keys keys = find_keys(variable()).value();
  EXPECT_EQ(keys.id, "c");
  EXPECT_EQ(keys.secret, "d=/+");
  EXPECT_EQ(keys.token, "e");
}

TEST_F(SqsAccount, says_where_it_has_looked) {
  variables_["AWS_PROFILE"] = "cellar";
  const Error error = find_keys(variable()).error();
  EXPECT_EQ(error.code(), ErrorCode::permission);
  EXPECT_THAT(error.text(), HasSubstr("cellar"));
  EXPECT_THAT(error.text(), HasSubstr(folder_ + "/.aws/credentials"));
}

TEST_F(SqsAccount, takes_the_region_from_the_url_the_environment_or_the_profile) {
  write("config", "[profile cellar]\nregion = eu-west-1\n[default]\nregion=us-east-1\n");
  EXPECT_EQ(find_region("", variable()).value(), "us-east-1");
  variables_["AWS_PROFILE"] = "cellar";
  EXPECT_EQ(find_region("", variable()).value(), "eu-west-1");
  variables_["AWS_DEFAULT_REGION"] = "eu-west-2";
  EXPECT_EQ(find_region("", variable()).value(), "eu-west-2");
  EXPECT_EQ(find_region("eu-central-1", variable()).value(), "eu-central-1");
  EXPECT_EQ(find_region("a b", variable()).error().code(), ErrorCode::invalid_url);
}

TEST_F(SqsAccount, without_a_region_says_so) {
  EXPECT_EQ(find_region("", variable()).error().code(), ErrorCode::invalid_url);
}

TEST_F(SqsAccount, knows_amazons_own_address_and_takes_another) {
  const auto at = [&](const std::string& given, const std::string& region) {
    return find_endpoint(given, region, variable());
  };
  EXPECT_EQ(at("", "eu-central-1").value(), "https://sqs.eu-central-1.amazonaws.com");
  EXPECT_EQ(at("", "cn-north-1").value(), "https://sqs.cn-north-1.amazonaws.com.cn");
  variables_["AWS_ENDPOINT_URL"] = "http://localhost:4566/";
  EXPECT_EQ(at("", "x").value(), "http://localhost:4566");
  EXPECT_EQ(at("http://127.0.0.1:9324", "x").value(), "http://127.0.0.1:9324");
  for (const char* wrong : {"127.0.0.1:9324", "ftp://x", "http://", "http://a/b", "http://a?b"})
    EXPECT_EQ(at(wrong, "x").error().code(), ErrorCode::invalid_url) << wrong;
}

}  // namespace
}  // namespace dts::transport::sqs
