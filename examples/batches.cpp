// The raw path: bytes as they are, pulled and settled in batches, without callbacks or allocation.
#include <kelp/kelp.hpp>

#include <array>
#include <iostream>
#include <string>

int main() {
  using namespace std::chrono_literals;
  kelp::Broker broker;
  kelp::Connection connection{broker};
  auto channel = connection.channel();
  const kelp::Queue ticks{.name = "ticks"};
  ticks(channel).declare();
  for (int i = 0; i < 100; ++i) channel.publish({"", "ticks"}, std::to_string(i));

  auto pull = channel.subscribe("ticks");
  std::array<kelp::Delivery, 32> batch;
  std::size_t messages = 0, bytes = 0;
  while (const std::size_t count = pull.receive(batch, 0s)) {
    for (std::size_t i = 0; i < count; ++i) bytes += batch[i].message.body().size();
    const kelp::Settlement all{.tag = batch[count - 1].tag, .multiple = true};
    pull.settle({&all, 1});
    messages += count;
  }
  std::cout << messages << " messages, " << bytes << " bytes\n";
}
