// Asking by type, and answering with what a program knows.
//   ./08_query serve      publishes a reading a second and answers questions about the last hour
//   ./08_query            asks everybody for what is warm, and says who did not answer
#include <cstdio>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

#include <dts/dts.hpp>

struct Temperature {
  double celsius;
  std::int32_t tank;
  static constexpr auto dts =
      dts::type("brewery.Temperature", dts::field(&Temperature::celsius).unit("Cel"));
};

void serve(dts::Domain& domain) {
  struct Row {
    dts::Time time;
    Temperature value;
  };
  std::mutex mutex;
  std::deque<Row> hour;
  auto publisher = domain.publisher<Temperature>().value();
  // Filter, range and limit are applied to what is sent. Without a handler the publisher would
  // answer with the values it keeps for late joiners (PublishOptions::history).
  publisher
      .on_query([&](const dts::Query&, dts::Answer<Temperature>& answer) {
        const std::lock_guard lock(mutex);
        for (const Row& row : hour) (void)answer.send(row.value, row.time);
      })
      .value();
  domain.start();
  for (int second = 0;; ++second) {
    const Temperature now{18 + second % 60 / 10.0, 3};
    (void)publisher.publish(now);
    {
      const std::lock_guard lock(mutex);
      hour.push_back({dts::now(), now});
      if (hour.size() > 3600) hour.pop_front();
    }
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

int main(int argc, char** argv) {
  dts::Domain domain;
  if (argc > 1 && std::strcmp(argv[1], "serve") == 0) serve(domain);
  const auto warm = domain.query<Temperature>({.where = "celsius > 20", .limit = 5});
  if (!warm) {
    std::fprintf(stderr, "%s\n", warm.error().text().c_str());
    return 1;
  }
  for (const auto& [reading, sample] : warm->rows)
    std::printf("%s  tank %d  %.2f C\n", sample.source().c_str(), reading.tank, reading.celsius);
  for (const dts::NoAnswer& none : warm->missing)
    std::printf("%s did not answer: %s\n", none.source.c_str(), none.detail.c_str());
}
