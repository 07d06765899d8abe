// Transfers: the large messages that are on their way, as one line on the terminal (of the one that
// moved last): how much, how fast, how long still. It hears of each how far it is; when one dies it
// says so. Whether there is a terminal is the Output's affair. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include <cli/output.hpp>
#include <dts/time.hpp>

namespace dts::cli {

// How far one message is.
class Transfer {
 public:
  void moved(Instant now, std::uint64_t bytes, std::uint64_t total);
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t total() const { return total_; }
  // "45 %  482.3 MB of 1.1 GB"
  std::string state_text() const;
  // "[#####-------]  45 %  482.3 MB of 1.1 GB  112.3 MB/s  6 s left"
  std::string bar_text(bool utf8) const;

 private:
  struct Mark {
    Instant at;
    std::uint64_t bytes;
  };
  double bytes_per_second() const;
  std::uint64_t bytes_ = 0, total_ = 0;
  std::deque<Mark> marks_;  // of the last seconds
};

class Transfers {
 public:
  explicit Transfers(Output& out) : out_(out) {}
  // Of the message of `source` that begins at `first`; `what` is shown in front of it:
  // "camera.Frame of pi/cam". Ends by itself when all bytes are there.
  void moved(const std::string& source, std::uint64_t first, const std::string& what,
             std::uint64_t bytes, std::uint64_t total);
  // Those that begin at from..to will not come to their end. False: none of them is known.
  bool died(const std::string& source, std::uint64_t from, std::uint64_t to,
            const std::string& why);

 private:
  struct Known {
    std::string what;
    Transfer transfer;
  };
  Output& out_;
  std::map<std::pair<std::string, std::uint64_t>, Known> known_;
};

}  // namespace dts::cli
