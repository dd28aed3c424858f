#include "protocol/packet.hpp"

#include <gtest/gtest.h>
