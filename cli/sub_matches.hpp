// What `dts sub` says about the types its subscriptions meet: which match by shape and why the
// others do not, and why a filter does not fit the type it is for.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cli/output.hpp>
#include <cli/session.hpp>
#include <dts/subscription.hpp>

namespace dts::cli {

class MatchLines {
 public:
  explicit MatchLines(Output& out) : out_(out) {}
  // Those that are new or have changed, on stderr.
  void tell(const std::vector<Match>& matches);

 private:
  void line(const Match& match);
  Output& out_;
  std::map<std::pair<std::string, TypeId>, Match::State> told_;
  std::size_t refused_ = 0;
};

// The error with its caret when every type met lacks what is selected by; none while there is hope.
std::optional<Error> misfit_of(Session& session, const std::vector<Match>& matches,
                               const SubscribeOptions& options);

}  // namespace dts::cli
