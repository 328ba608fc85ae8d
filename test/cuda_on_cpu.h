// Copyright 2026 bodypix_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Lets a C++ compiler compile cuda_kernels.cu: loops take the place of threads.
#pragma once
#include <cmath>
#include <cstddef>

#define __global__
#define __device__
#define __forceinline__ inline

struct Index {
    int x, y, z;
};
static thread_local Index blockIdx, threadIdx{0, 0, 0}, blockDim{1, 1, 1};

static inline int min(int a, int b) { return a < b ? a : b; }

// Run a kernel once for each of columns x rows x pictures; pointers come as void *.
template <class... Parameters, class... Arguments>
void call(int columns, int rows, int pictures, void (*kernel)(Parameters...), Arguments... arguments)
{
    for (blockIdx.z = 0; blockIdx.z < pictures; blockIdx.z++)
        for (blockIdx.y = 0; blockIdx.y < rows; blockIdx.y++)
            for (blockIdx.x = 0; blockIdx.x < columns; blockIdx.x++)
                kernel((Parameters)arguments...);
}
