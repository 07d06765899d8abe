#include <sim/shrink.hpp>

#include <algorithm>
#include <cctype>
#include <deque>
#include <utility>

namespace dts::sim {

namespace {

// What went wrong, without names and numbers: "silently missed message came where was due".
std::string kind_of(const std::string& violation) {
  std::string kind;
  const std::size_t stamp = violation.find("s: ");
  for (std::size_t i = stamp == std::string::npos ? 0 : stamp + 3; i < violation.size();) {
    std::size_t end = std::min(violation.find(' ', i), violation.size());
    const std::string word = violation.substr(i, end - i);
    const bool named =
        std::any_of(word.begin(), word.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    if (!named) kind += word + ' ';
    i = end + 1;
  }
  return kind;
}

class Shrinker {
 public:
  Shrinker(const Scenario& scenario, RunOptions options, std::uint64_t runs_max)
      : scenario_(scenario), runs_max_(runs_max), best_(std::move(options)) {
    best_.lines = {};
    result_ = run(scenario_, best_);
    ++runs_;
    if (result_.violations.empty()) return;
    kind_ = kind_of(result_.violations.front());
    nodes_ = result_.nodes;
  }

  void shrink() {
    if (kind_.empty()) return;
    for (bool better = true; better && runs_ < runs_max_;) {
      better = fewer_nodes();
      better = fewer_faults() || better;
      better = shorter() || better;
      better = fewer_messages() || better;
    }
  }
  const RunOptions& options() const { return best_; }
  const RunResult& result() const { return result_; }
  std::uint64_t runs() const { return runs_; }

 private:
  // Keeps the change when the run still fails in the same way, with this seed or one of the next.
  template <class Change>
  bool attempt(const Change& change, std::uint64_t seeds) {
    RunOptions smaller = best_;
    change(smaller);
    for (std::uint64_t i = 0; i < seeds && runs_ < runs_max_; ++i, ++smaller.seed) {
      RunResult result = run(scenario_, smaller);
      ++runs_;
      const bool same = std::any_of(result.violations.begin(), result.violations.end(),
                                    [&](const std::string& v) { return kind_of(v) == kind_; });
      if (!same) continue;
      best_ = std::move(smaller);
      result_ = std::move(result);
      return true;
    }
    return false;
  }

  bool fewer_nodes() {
    bool better = false;
    for (std::uint32_t nodes = 2; nodes < nodes_ && runs_ < runs_max_; ++nodes) {
      if (!attempt([&](RunOptions& o) { o.nodes = nodes; }, 12)) continue;
      nodes_ = nodes;
      better = true;
    }
    return better;
  }
  bool fewer_faults() {
    bool better = false;
    const auto drop = [&](const char* name) {
      if (std::find(best_.without.begin(), best_.without.end(), name) != best_.without.end())
        return;
      better |= attempt([&](RunOptions& o) { o.without.emplace_back(name); }, 1);
    };
    for (const Faults::Part& part : Faults::parts()) drop(part.name);
    for (const char* name : {"churn", "large", "burst"}) drop(name);
    return better;
  }
  bool shorter() {
    bool better = false;
    if (best_.storm_max == Duration::max())
      better = attempt([](RunOptions& o) { o.storm_max = std::chrono::seconds(8); }, 3);
    while (best_.storm_max != Duration::max() && best_.storm_max > std::chrono::milliseconds(20) &&
           attempt([](RunOptions& o) { o.storm_max = o.storm_max * 2 / 3; }, 3))
      better = true;
    return better;
  }
  bool fewer_messages() {
    bool better = false;
    if (best_.publish_max == ~std::uint64_t{0})
      better = attempt([](RunOptions& o) { o.publish_max = 100; }, 3);
    while (best_.publish_max != ~std::uint64_t{0} && best_.publish_max > 0 &&
           attempt([](RunOptions& o) { o.publish_max = o.publish_max * 2 / 3; }, 3))
      better = true;
    return better;
  }

  const Scenario& scenario_;
  std::uint64_t runs_max_, runs_ = 0;
  std::uint32_t nodes_ = 0;
  RunOptions best_;
  RunResult result_;
  std::string kind_;
};

// The names of nodes ("n3.1") in a violation.
std::vector<std::string> nodes_in(const std::string& violation) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i + 1 < violation.size(); ++i) {
    if (violation[i] != 'n' || std::isdigit(static_cast<unsigned char>(violation[i + 1])) == 0 ||
        (i > 0 && violation[i - 1] != ' '))
      continue;
    std::size_t end = i + 1;
    while (end < violation.size() &&
           (std::isdigit(static_cast<unsigned char>(violation[end])) != 0 || violation[end] == '.'))
      ++end;
    names.push_back(violation.substr(i, end - i));
  }
  return names;
}

// The last lines of the trace before the first violation that name one of its nodes, and those
// about the whole network.
std::vector<std::string> last_lines(const Scenario& scenario, RunOptions options,
                                    const std::string& violation, std::size_t lines_max) {
  const double end = std::strtod(violation.c_str(), nullptr);
  const std::vector<std::string> names = nodes_in(violation);
  std::deque<std::string> lines;
  options.lines = [&](const std::string& line) {
    if (std::strtod(line.c_str(), nullptr) > end) return;
    const bool named = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return line.find(name + " ") != std::string::npos ||
             line.find(name + "/") != std::string::npos;
    });
    if (!named && line.find(" n") != std::string::npos && line.find("faults") == std::string::npos)
      return;
    lines.push_back(line);
    if (lines.size() > lines_max) lines.pop_front();
  };
  run(scenario, options);
  return {lines.begin(), lines.end()};
}

}  // namespace

Shrunk shrink(const Scenario& scenario, RunOptions options, std::uint64_t runs_max,
              std::size_t lines_max) {
  Shrinker shrinker(scenario, std::move(options), runs_max);
  shrinker.shrink();
  Shrunk shrunk{shrinker.options(), shrinker.result(), shrinker.runs(), {}};
  if (!shrunk.result.violations.empty())
    shrunk.lines =
        last_lines(scenario, shrunk.options, shrunk.result.violations.front(), lines_max);
  return shrunk;
}

std::string arguments_of(const Scenario& scenario, const RunOptions& options) {
  std::string text =
      "--scenario=" + std::string(scenario.name) + " --seed=" + std::to_string(options.seed);
  if (options.nodes != 0) text += " --nodes=" + std::to_string(options.nodes);
  if (options.storm_max != Duration::max())
    text += " --storm-us=" +
            std::to_string(
                std::chrono::duration_cast<std::chrono::microseconds>(options.storm_max).count());
  if (options.publish_max != ~std::uint64_t{0})
    text += " --publish=" + std::to_string(options.publish_max);
  for (std::size_t i = 0; i < options.without.size(); ++i)
    text += (i == 0 ? " --without=" : ",") + options.without[i];
  return text;
}

}  // namespace dts::sim
