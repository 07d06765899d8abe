// Shared memory where it differs from the others: who dies leaves nothing behind, who is slow is
// lapped, what makes no sense is not read, and what belongs to another user or has no room is said.
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>

#include <dts/transport.hpp>

#include "network.hpp"
#include "peer.hpp"
#include "transport/shm/segment.hpp"

namespace dts::test {
namespace {

using transport::OwnerPages;

class Shm : public ::testing::Test {
 protected:
  Peer open(std::uint32_t buffer_bytes = 8u << 20) const {
    return open_peer({.url = meeting_.url(), .receive_buffer_bytes = buffer_bytes});
  }
  Peer listener(std::uint32_t buffer_bytes = 8u << 20) const {
    Peer peer = open(buffer_bytes);
    peer.join(0);
    peer.join(1);
    return peer;
  }
  std::string directory() const { return meeting_.url().substr(6); }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory()))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  // A process of its own; this one goes on when `work` says that it is ready. What then returns
  // waits to be killed.
  using Ready = std::function<void()>;
  static pid_t process(const std::function<void(const Ready&)>& work) {
    int pipe[2];
    EXPECT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const Ready ready = [&] { [[maybe_unused]] const auto told = ::write(pipe[1], "x", 1); };
      work(ready);
      ready();
      while (true) ::pause();
    }
    char byte = 0;
    ::close(pipe[1]);
    EXPECT_EQ(::read(pipe[0], &byte, 1), 1);
    ::close(pipe[0]);
    return child;
  }
  static void end(pid_t child) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  // The pages of the one other node's file, as its owner sees them.
  struct Foreign {
    std::uint8_t* at = nullptr;
    std::size_t bytes = 0;
    OwnerPages& pages() const { return *reinterpret_cast<OwnerPages*>(at + transport::kPage); }
    ~Foreign() { ::munmap(at, bytes); }
  };
  std::unique_ptr<Foreign> map(const std::string& name) const {
    const int fd = ::open((directory() + "/" + name).c_str(), O_RDWR | O_CLOEXEC);
    struct stat status {};
    EXPECT_EQ(::fstat(fd, &status), 0);
    auto foreign = std::make_unique<Foreign>();
    foreign->bytes = static_cast<std::size_t>(status.st_size);
    foreign->at = static_cast<std::uint8_t*>(
        ::mmap(nullptr, foreign->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    ::close(fd);
    return foreign;
  }
  // The file of a node: by the address it shows.
  std::string file_of(const Peer& peer) const {
    const std::string digits = peer.transport->local_address().substr(4);
    for (const std::string& name : files())
      if (name.ends_with(digits)) return name;
    return {};
  }

  const Meeting meeting_{"shm"};
};

TEST_F(Shm, a_node_has_two_files_and_takes_them_with_it) {
  {
    const Peer peer = open();
    const auto names = files();
    ASSERT_EQ(names.size(), 2u);
    EXPECT_EQ(names[1], names[0] + ".bell");
    struct stat status {};
    ASSERT_EQ(::stat((directory() + "/" + names[0]).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    EXPECT_LT(status.st_blocks * 512, 400 << 10) << "who sends nothing large takes no memory";
  }
  EXPECT_TRUE(files().empty());
}

TEST_F(Shm, what_a_killed_process_leaves_the_next_one_removes) {
  const pid_t child = process([&](const Ready&) { new Peer(listener()); });
  EXPECT_EQ(files().size(), 2u);
  end(child);
  EXPECT_EQ(files().size(), 2u);
  const Peer next = open();
  EXPECT_EQ(files().size(), 2u) << "only its own";
  EXPECT_FALSE(file_of(next).empty());
}

TEST_F(Shm, what_a_killed_process_of_another_domain_leaves_is_removed_as_well) {
  const pid_t child = process(
      [&](const Ready&) { new Peer(open_peer({.url = meeting_.url(), .domain = "laboratory"})); });
  end(child);
  const Peer next = open();
  EXPECT_EQ(files().size(), 2u);
}

TEST_F(Shm, who_dies_while_others_live_is_cleaned_up_after_at_their_end) {
  {
    Peer living = listener();
    const pid_t child = process([&](const Ready&) {
      Peer* const peer = new Peer(listener());
      peer->send(1, {1});
    });
    ASSERT_TRUE(living.hears(1));
    end(child);
    living.send(1, {2});
    EXPECT_EQ(living.transport->counters().send_failed, 0u);
    EXPECT_EQ(files().size(), 4u);
  }
  EXPECT_TRUE(files().empty());
}

TEST_F(Shm, a_forked_child_takes_nothing_away) {
  Peer peer = listener(), other = open();
  const pid_t child = ::fork();
  if (child == 0) {
    peer.transport->close();
    std::_Exit(0);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(files().size(), 4u);
  other.send(1, {1});
  EXPECT_TRUE(peer.hears(1));
}

// Writers are killed at whatever they are doing; each packet that is heard is whole.
TEST_F(Shm, writers_killed_at_any_moment_leave_only_whole_packets) {
  Peer reader = listener();
  std::uint32_t seed = 7;
  for (int round = 0; round < 30; ++round) {
    const pid_t child = process([&](const Ready& ready) {
      Peer writer = open();
      ready();
      for (std::uint8_t n = 0;; ++n) writer.send(1, Bytes(1 + n * 37u, n));
    });
    seed = seed * 1664525 + 1013904223;
    const auto until =
        std::chrono::steady_clock::now() + std::chrono::microseconds(500 + (seed >> 16) % 4000);
    bool any = false;
    // Not all there is: the writer may be faster than that ends.
    while (std::chrono::steady_clock::now() < until || !any) {
      ASSERT_TRUE(reader.transport->receive(reader.batch));
      for (const ReceivedPacket& packet : reader.batch.packets) {
        ASSERT_EQ(packet.bytes.size(), 1 + packet.bytes[0] * 37u);
        ASSERT_EQ(Bytes(packet.bytes.begin(), packet.bytes.end()),
                  Bytes(packet.bytes.size(), packet.bytes[0]));
        any = true;
      }
    }
    end(child);
    reader.drain();
    reader.heard.clear();
  }
  EXPECT_EQ(reader.transport->counters().receive_failed, 0u);
  EXPECT_TRUE(reader.transport->take_notices().empty());
}

TEST_F(Shm, readers_killed_at_any_moment_hold_nobody_up) {
  Peer writer = open(), reader = listener();
  for (int round = 0; round < 10; ++round) {
    const pid_t child = process([&](const Ready& ready) {
      Peer doomed = listener();
      ready();
      while (true) {
        doomed.readable(1000);
        doomed.drain();
        doomed.heard.clear();
      }
    });
    for (std::uint8_t n = 0; n < 200; ++n) {
      writer.send(1, Bytes(500, n));
      if (n == 100 + round) end(child);
    }
    ASSERT_TRUE(reader.hears(200));
    reader.heard.clear();
  }
}

TEST_F(Shm, a_reader_that_is_lapped_goes_on_and_counts_all_it_missed) {
  Peer writer = open(1u << 20), reader = listener(1u << 20);
  writer.send(1, {1});
  ASSERT_TRUE(reader.hears(1));
  reader.heard.clear();
  constexpr std::uint32_t count = 5000;
  for (std::uint32_t n = 0; n < count; ++n) {
    Bytes bytes(1000);
    std::memcpy(bytes.data(), &n, sizeof n);
    writer.send(1, bytes);
  }
  reader.drain();
  ASSERT_FALSE(reader.heard.empty());
  std::uint32_t last = 0;
  for (const Heard& heard : reader.heard) {
    std::uint32_t n = 0;
    std::memcpy(&n, heard.bytes.data(), sizeof n);
    EXPECT_TRUE(last == 0 || n == last + 1) << "in order, and only the beginning is missing";
    last = n;
  }
  EXPECT_EQ(last, count - 1);
  EXPECT_EQ(reader.transport->counters().receive_overflow, count - reader.heard.size());
}

// Who publishes for one subscriber that joined no group sends as much to a node as to a group.
TEST_F(Shm, what_goes_to_one_node_has_as_much_room_as_what_goes_to_a_group) {
  Peer writer = open(), reader = listener();
  const auto to = writer.transport->resolve(reader.transport->local_address()).value();
  for (int i = 0; i < 4000; ++i) writer.send_to(to, Bytes(100, 1));
  ASSERT_TRUE(reader.hears(4000));
  EXPECT_EQ(reader.transport->counters().receive_overflow, 0u);
}

TEST_F(Shm, what_is_written_for_others_is_no_loss) {
  Peer writer = open(1u << 20), other = open(1u << 20), reader = listener(1u << 20);
  other.join(9);
  for (int i = 0; i < 3000; ++i) writer.send(9, Bytes(1000, 1));
  writer.send(0, {1});
  ASSERT_TRUE(reader.hears(1));
  EXPECT_EQ(reader.transport->counters().receive_overflow, 0u);
  other.drain();
  EXPECT_GT(other.transport->counters().receive_overflow, 0u);
}

TEST_F(Shm, nobody_is_woken_by_what_is_not_for_him) {
  Peer writer = open(), reader = listener(), third = listener();
  writer.send(1, {1});
  ASSERT_TRUE(reader.hears(1));
  ASSERT_TRUE(third.hears(1));
  writer.send_to(reader.transport->resolve(reader.transport->local_address()).value(), {2});
  writer.send(7, {3});
  EXPECT_TRUE(reader.readable(0));
  EXPECT_FALSE(third.readable(0));
}

// Each of these was written by no node: it is not read, and that is said.
TEST_F(Shm, what_makes_no_sense_is_not_read_any_more) {
  const std::function<void(Foreign&)> spoil[] = {
      [](Foreign& f) { f.pages().control.written = ~std::uint64_t{0}; },
      [](Foreign& f) { f.pages().control.written = 8; },
      [](Foreign& f) {
        std::fill_n(f.at + transport::kRingsOffset, transport::kControlBytes, 0xff);
        f.pages().control.sent[0] = 99;
        f.pages().control.reserved += 4096;
        f.pages().control.written += 4096;
      },
      [](Foreign& f) {
        f.pages().control.sent[0] = 99;
        f.pages().control.reserved += 64;
        f.pages().control.written += 64;
        std::fill_n(f.at + transport::kRingsOffset, transport::kControlBytes, 0);
      },
      [](Foreign& f) {
        f.pages().data.sent[1] = 1;
        f.pages().data.reserved = f.pages().data.written = 32;  // where nothing was ever written
      },
  };
  for (const auto& each : spoil) {
    Peer writer = open(), reader = listener(), third = listener();
    writer.send(0, {1});
    ASSERT_TRUE(reader.hears(1));
    each(*map(file_of(writer)));
    reader.drain();
    third.send(1, {7});
    ASSERT_TRUE(reader.hears(2)) << "others are still heard";
    EXPECT_EQ(reader.transport->counters().receive_failed, 1u);
    EXPECT_TRUE(reader.has_notice(ErrorCode::decode));
    EXPECT_TRUE(reader.heard.back().bytes == Bytes{7});
  }
}

TEST_F(Shm, a_file_that_only_has_the_name_is_left_alone_and_told) {
  const Peer first = open();
  std::string name = file_of(first);
  name.replace(name.size() - 16, 16, "0123456789abcdef");
  const std::string path = directory() + "/" + name;
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(::flock(fd, LOCK_EX), 0);
  Peer second = open();
  EXPECT_TRUE(second.has_notice(ErrorCode::decode));
  EXPECT_EQ(::access(path.c_str(), F_OK), 0);
  ::close(fd);
  ::unlink(path.c_str());
}

TEST_F(Shm, files_of_another_user_are_not_opened_and_that_is_told) {
  if (::geteuid() != 0) {
    count_skipped();
    return;
  }
  ASSERT_EQ(::chmod(directory().c_str(), 01777), 0);
  const pid_t child = process([&](const Ready&) {
    ASSERT_TRUE(::setgroups(0, nullptr) == 0 && ::setgid(65534) == 0 && ::setuid(65534) == 0);
    new Peer(listener());
  });
  Peer peer = listener();
  std::string told;
  for (const TransportNotice& notice : peer.transport->take_notices()) told += notice.text;
  EXPECT_NE(told.find("user nobody"), std::string::npos) << told;
  peer.send(1, {1});
  EXPECT_EQ(peer.drain(), 0u);
  end(child);
  for (const std::string& name : files())
    if (name.find(peer.transport->local_address().substr(4)) == std::string::npos)
      ::unlink((directory() + "/" + name).c_str());
}

// A tmpfs of so many KiB in the place of the meeting's directory, in a namespace of our own.
bool mount_small(const std::string& directory, int kib) {
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return false;
  const std::string size = "size=" + std::to_string(kib) + "k";
  return ::mount("tmpfs", directory.c_str(), "tmpfs", 0, size.c_str()) == 0;
}

TEST_F(Shm, where_memory_is_full_it_is_said_and_nothing_dies) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!mount_small(directory(), 100)) std::_Exit(77);
    const auto table = built_in_transports();
    const auto shm = std::find_if(table.begin(), table.end(),
                                  [](const TransportPlugin& row) { return row.scheme == "shm"; });
    const auto opened = shm->open({.url = meeting_.url()});
    const bool said = !opened && opened.error().code() == ErrorCode::limit_reached &&
                      opened.error().text().find("is full") != std::string::npos;
    std::_Exit(said && std::filesystem::is_empty(directory()) ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WEXITSTATUS(status) == 77) return count_skipped();
  EXPECT_EQ(status, 0);
}

TEST_F(Shm, where_there_is_room_for_little_all_goes_by_the_small_ring) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!mount_small(directory(), 700)) std::_Exit(77);
    bool well = true;
    {
      Peer writer = open(), reader = listener();
      for (std::uint8_t n = 0; n < 100; ++n) {
        writer.send(1, Bytes(20000, n));
        well = well && reader.hears(n + 1u) && reader.heard.back().bytes == Bytes(20000, n);
      }
      well = well && writer.has_notice(ErrorCode::limit_reached);
    }
    std::_Exit(well && std::filesystem::is_empty(directory()) ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WEXITSTATUS(status) == 77) return count_skipped();
  EXPECT_EQ(status, 0);
}

TEST_F(Shm, a_directory_that_is_not_there_is_named) {
  const auto table = built_in_transports();
  const auto shm = std::find_if(table.begin(), table.end(),
                                [](const TransportPlugin& row) { return row.scheme == "shm"; });
  const auto nowhere = shm->open({.url = "shm:///no/such/directory"});
  ASSERT_FALSE(nowhere);
  EXPECT_NE(nowhere.error().text().find("/no/such/directory"), std::string::npos);
  const auto word = shm->open({.url = "shm://word"});
  ASSERT_FALSE(word);
  EXPECT_EQ(word.error().code(), ErrorCode::invalid_url);
}

TEST(ShmNetworks, networks_are_kept_apart_unless_a_directory_is_named) {
  DTS_NEEDS_HOSTS();
  const Host a, b;
  const Meeting meeting("shm");
  for (const bool named : {false, true}) {
    const std::string url = named ? meeting.url() : "shm://";
    const TransportOptions options{.url = url, .domain = "of the test of shared memory"};
    Peer here, there, beside;
    {
      const On on(a);
      here = open_peer(options);
      beside = open_peer(options);
    }
    {
      const On on(b);
      there = open_peer(options);
    }
    there.join(0);
    beside.join(0);
    here.send(0, {1});
    EXPECT_TRUE(beside.hears(1));
    EXPECT_EQ(there.drain(), named ? 1u : 0u);
  }
}

}  // namespace
}  // namespace dts::test
