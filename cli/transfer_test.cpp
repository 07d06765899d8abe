// How a large message's progress is said, and that it is said on terminals only.
#include <cli/transfer.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace dts::cli {
namespace {

using namespace std::chrono_literals;

TEST(Transfer, says_how_much_how_fast_and_how_long_still) {
  Transfer transfer;
  const Instant began{1000s};
  transfer.moved(began, 100'000'000, 1'000'000'000);
  EXPECT_EQ(transfer.bar_text(false), "[##----------------------]  10 %  100.0 MB of 1.0 GB");
  transfer.moved(began + 1s, 250'000'000, 1'000'000'000);
  EXPECT_EQ(transfer.bar_text(false),
            "[######------------------]  25 %  250.0 MB of 1.0 GB  150.0 MB/s  5 s left");
  EXPECT_EQ(transfer.bar_text(true).substr(0, 7), "[██");
}

TEST(Transfer, the_speed_is_that_of_the_last_seconds) {
  Transfer transfer;
  const Instant began{1000s};
  for (int i = 0; i <= 10; ++i)
    transfer.moved(began + i * 1s, static_cast<std::uint64_t>(i) * 1'000'000, 100'000'000);
  for (int i = 1; i <= 10; ++i)
    transfer.moved(began + 10s + i * 1s, 10'000'000 + static_cast<std::uint64_t>(i) * 4'000'000,
                   100'000'000);
  EXPECT_EQ(transfer.bar_text(false),
            "[############------------]  50 %  50.0 MB of 100.0 MB  4.0 MB/s  13 s left");
}

TEST(Transfer, one_that_stands_still_promises_nothing) {
  Transfer transfer;
  const Instant began{1000s};
  for (int i = 0; i < 10; ++i) transfer.moved(began + i * 1s, 50, 100);
  EXPECT_EQ(transfer.bar_text(false), "[############------------]  50 %  50 B of 100 B");
}

// What Transfers writes to stderr.
class TransfersOut : public ::testing::Test {
 protected:
  TransfersOut() {
    EXPECT_EQ(::pipe2(pipe_, O_NONBLOCK), 0);
    style_.utf8 = false;
    style_.terminal_err = true;
  }
  ~TransfersOut() override {
    ::close(pipe_[0]);
    ::close(pipe_[1]);
  }
  std::string written() {
    char bytes[4096];
    const ssize_t count = ::read(pipe_[0], bytes, sizeof bytes);
    return count > 0 ? std::string(bytes, static_cast<std::size_t>(count)) : std::string();
  }
  int pipe_[2];
  OutputStyle style_;
};

TEST_F(TransfersOut, redraw_one_line_and_clear_it_at_the_end) {
  Output out(style_, 1, pipe_[1]);
  Transfers transfers(out);
  transfers.moved("1", 7, "T of a", 50, 100);
  EXPECT_EQ(written(), "\r\033[KT of a  [############------------]  50 %  50 B of 100 B");
  transfers.moved("1", 7, "T of a", 100, 100);
  const std::string end = written();
  EXPECT_EQ(end.substr(end.size() - 4), "\r\033[K");
  out.note("later");
  EXPECT_EQ(written(), "later\n");
}

TEST_F(TransfersOut, what_is_said_meanwhile_does_not_stand_in_the_line) {
  Output out(style_, 1, pipe_[1]);
  Transfers transfers(out);
  transfers.moved("1", 7, "T of a", 50, 100);
  written();
  out.note("a remark");
  EXPECT_EQ(written(), "\r\033[Ka remark\n");
}

TEST_F(TransfersOut, one_that_dies_is_told_with_or_without_a_terminal) {
  style_.terminal_err = false;
  Output out(style_, 1, pipe_[1]);
  Transfers transfers(out);
  transfers.moved("1", 7, "T of a", 50, 100);
  EXPECT_EQ(written(), "");
  EXPECT_FALSE(transfers.died("2", 5, 9, "lost"));
  EXPECT_TRUE(transfers.died("1", 5, 9, "lost"));
  EXPECT_EQ(written(), "! T of a stopped at 50 %  50 B of 100 B: lost\n");
  EXPECT_FALSE(transfers.died("1", 5, 9, "lost"));
  EXPECT_EQ(written(), "");
}

TEST_F(TransfersOut, as_json_or_quiet_there_is_no_line) {
  for (const bool quiet : {true, false}) {
    style_.quiet = quiet;
    style_.kind = quiet ? OutputKind::line : OutputKind::json;
    Output out(style_, 1, pipe_[1]);
    Transfers transfers(out);
    transfers.moved("1", 7, "T of a", 50, 100);
    transfers.died("1", 5, 9, "lost");
    EXPECT_EQ(written(), "");
  }
}

}  // namespace
}  // namespace dts::cli
