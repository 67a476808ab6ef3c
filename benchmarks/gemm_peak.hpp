// The yardstick of the learning benchmarks: how many floating-point operations a second this
// machine's matrix product reaches on one core, now.
#pragma once

namespace qstar {

// FLOP/s of the BLAS on square float32 matrices that fit the cache, the best of half a second of
// tries on one thread. Measured once a process.
double gemm_peak();
// The same of bfloat16 matrices (oneDNN).
double bf16_gemm_peak();

}  // namespace qstar
