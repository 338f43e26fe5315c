#pragma once
#include "simd.hpp"
#include "storage.hpp"
