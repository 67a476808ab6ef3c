#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <malloc.h>

#include "learning/policy_learner.hpp"

namespace qstar {

Status prepare_torch() {
  at::set_num_threads(1);
  // Debian's OpenBLAS has its own threads, which torch does not control; their number would change
  // the order of summation.
  if (auto* const set =
          reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads")))
    set(1);
  at::globalContext().setFlushDenormal(true);
  // Otherwise glibc returns every large block to the kernel and requests it again in the next step.
  mallopt(M_MMAP_THRESHOLD, 256 << 20);
  mallopt(M_TRIM_THRESHOLD, 512 << 20);
  mallopt(M_TOP_PAD, 64 << 20);
#ifndef QSTAR_ANY_BLAS
  if (dlsym(RTLD_DEFAULT, "openblas_get_config") == nullptr && !at::globalContext().hasMKL()) {
    return fail(Errc::kConfig,
                "LibTorch runs on the reference BLAS, 30 times slower than OpenBLAS: install "
                "libopenblas0-pthread, or choose it with update-alternatives --config "
                "libblas.so.3-x86_64-linux-gnu");
  }
#endif
  return {};
}

}  // namespace qstar
