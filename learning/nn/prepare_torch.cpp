#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/CPUAllocator.h>
#include <dlfcn.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <array>
#include <new>
#include <string>

#include "core/out_of_memory.hpp"
#include "learning/policy/policy_learner.hpp"

namespace qstar::learning {
namespace {

// Memory of tensors that cannot be had is as any other (core/out_of_memory.hpp): torch's own
// allocator throws an error that looks like a failure of the actor.
class TensorMemory final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) const override {
    void* const data = bytes == 0 ? nullptr : ::operator new(bytes, kAlignment);
    return {data, data, give_back, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return give_back; }

 private:
  static constexpr std::align_val_t kAlignment{64};
  static void give_back(void* data) { ::operator delete(data, kAlignment); }
};

bool can_map(std::size_t bytes) {
  void* const region =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return region != MAP_FAILED && ::munmap(region, bytes) == 0;
}

// OpenBLAS takes a buffer for every thread that multiplies while others do, keeps it, and tries
// forever when it cannot have it (0.3.21). Here it takes as many as a run has learners.
Status take_blas_buffers() {
  constexpr std::size_t kBytes = (128 << 20) + (1 << 16);
  auto* const take = reinterpret_cast<void* (*)(int)>(dlsym(RTLD_DEFAULT, "blas_memory_alloc"));
  auto* const give = reinterpret_cast<void (*)(void*)>(dlsym(RTLD_DEFAULT, "blas_memory_free"));
  if (take == nullptr || give == nullptr) return {};
  std::array<void*, 2> buffers{};  // of the policy and of the critic
  for (void*& buffer : buffers) {
    if (!can_map(kBytes)) return fail(Errc::kIo, std::string(kOutOfMemory));
    buffer = take(0);
  }
  for (void* const buffer : buffers) give(buffer);
  return {};
}

// oneDNN (2.7) crashes when it finds no memory for a kernel that it compiles, so under a limit on
// memory a run begins only if there is enough for what it will map beside its tensors.
Status check_limit() {
  constexpr std::size_t kBytes = 1280 << 20;
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return {};
  if (can_map(kBytes)) return {};
  return fail(Errc::kIo, std::string(kOutOfMemory));
}

}  // namespace

Status prepare_torch() {
  static TensorMemory memory;
  c10::SetCPUAllocator(&memory);
  at::set_num_threads(1);
  // Debian's OpenBLAS has its own threads, which torch does not control; their number would change
  // the order of summation.
  if (auto* const set =
          reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads")))
    set(1);
  if (auto taken = take_blas_buffers(); !taken) return taken;
  if (auto enough = check_limit(); !enough) return enough;
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

}  // namespace qstar::learning
