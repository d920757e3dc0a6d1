#pragma once

// Everything that kelp offers.
#include <kelp/body.hpp>
#include <kelp/bound.hpp>
#include <kelp/broker.hpp>
#include <kelp/capabilities.hpp>
#include <kelp/channel.hpp>
#include <kelp/clock.hpp>
#include <kelp/compression.hpp>
#include <kelp/connection.hpp>
#include <kelp/consumer.hpp>
#include <kelp/entity.hpp>
#include <kelp/error.hpp>
#include <kelp/export.hpp>
#include <kelp/field_table.hpp>
#include <kelp/json.hpp>
#include <kelp/message.hpp>
#include <kelp/producer.hpp>
#include <kelp/properties.hpp>
#include <kelp/pull.hpp>
#include <kelp/serialization.hpp>
#include <kelp/shared_message.hpp>
#include <kelp/timeout.hpp>
#include <kelp/transport.hpp>
#include <kelp/uuid.hpp>
#include <kelp/version.hpp>
