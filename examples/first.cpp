#include <kelp/kelp.hpp>

#include <iostream>

int main() {
  using namespace std::chrono_literals;
  const kelp::Exchange media{.name = "media", .type = "direct"};
  const kelp::Queue video{.name = "video", .exchange = media, .routing_key = "video"};

  kelp::Connection connection{"memory://"};

  auto producer = connection.producer({.serializer = "json"});
  producer.publish({{"name", "/tmp/lolcat1.avi"}, {"size", 1301013}},
                   {.exchange = media, .routing_key = "video", .declare = {video}});

  auto consumer = connection.consumer({video}, [](const kelp::Json& body, kelp::Message& message) {
    std::cout << "got " << body["name"] << ", " << body["size"] << " bytes\n";
    message.ack();
  });
  connection.drain_events(1s);  // throws kelp::TimeoutError when nothing comes
}
