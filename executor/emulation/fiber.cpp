#include "executor/emulation/fiber.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <new>

#if !defined(__x86_64__) && !defined(PERFTUNE_FIBERS_BY_UCONTEXT)
#define PERFTUNE_FIBERS_BY_UCONTEXT
#endif

#if defined(PERFTUNE_FIBERS_BY_UCONTEXT)
#include <ucontext.h>
#else
// perftune_switch_fiber(void** save, void* load): pushes the callee-saved registers, leaves the
// stack pointer in *save, and continues from `load` (System V AMD64 ABI, 3.2.1).
extern "C" void perftune_switch_fiber(void** save, void* load);
asm(R"(
.text
.p2align 4
.type perftune_switch_fiber, @function
.hidden perftune_switch_fiber
.globl perftune_switch_fiber
perftune_switch_fiber:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size perftune_switch_fiber, .-perftune_switch_fiber
)");
#endif

namespace perftune::emulation {

struct Fibers::Context {
  Body body = nullptr;
  void* argument = nullptr;
  std::byte* stack = nullptr;  // lowest usable byte
#if defined(PERFTUNE_FIBERS_BY_UCONTEXT)
  ucontext_t state{};
#else
  void* stack_pointer = nullptr;
#endif
};

// One mapping holds many stacks, each above a page that may not be touched.
struct Fibers::StackSlab {
  std::byte* base;
  std::size_t bytes;
  ~StackSlab() { munmap(base, bytes); }
};

namespace {
// The fiber that start() is about to run; set immediately before its first switch. A fresh stack
// carries no arguments, and thread_local keeps launches on different threads apart.
thread_local void* starting = nullptr;
}  // namespace

Fibers::Fibers(std::size_t stack_bytes)
    : stack_bytes_(stack_bytes), owner_(std::make_unique<Context>()) {}

Fibers::~Fibers() = default;

void Fibers::reserve(std::size_t count) {
  if (count <= contexts_.size()) return;
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t added = count - contexts_.size();
  const std::size_t stride = stack_bytes_ + page;
  void* memory = mmap(nullptr, added * stride, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  auto* base = static_cast<std::byte*>(memory);
  slabs_.push_back(std::unique_ptr<StackSlab>(new StackSlab{base, added * stride}));
  for (std::size_t i = 0; i < added; ++i) {
    mprotect(base + i * stride, page, PROT_NONE);  // stacks grow down into it
    contexts_.push_back(std::make_unique<Context>());
    contexts_.back()->stack = base + i * stride + page;
  }
}

void Fibers::start() {
  auto* self = static_cast<Fibers*>(starting);
  Context* own = self->running_;
  own->body(own->argument);
  self->suspend();  // never resumed again
  __builtin_unreachable();
}

void Fibers::prepare(std::size_t fiber, Body body, void* argument) {
  Context& context = *contexts_[fiber];
  context.body = body;
  context.argument = argument;
#if defined(PERFTUNE_FIBERS_BY_UCONTEXT)
  getcontext(&context.state);
  context.state.uc_stack.ss_sp = context.stack;
  context.state.uc_stack.ss_size = stack_bytes_;
  context.state.uc_link = nullptr;
  makecontext(&context.state, &Fibers::start, 0);
#else
  // As if start() had been called: six registers, its address to return into, and one word so
  // that the stack is 16-byte aligned below a return address.
  auto* top = reinterpret_cast<void**>(context.stack + stack_bytes_);
  *--top = nullptr;
  *--top = reinterpret_cast<void*>(&Fibers::start);
  for (int i = 0; i < 6; ++i) *--top = nullptr;
  context.stack_pointer = top;
#endif
}

void Fibers::resume(std::size_t fiber) {
  running_ = contexts_[fiber].get();
  starting = this;
#if defined(PERFTUNE_FIBERS_BY_UCONTEXT)
  swapcontext(&owner_->state, &running_->state);
#else
  perftune_switch_fiber(&owner_->stack_pointer, running_->stack_pointer);
#endif
}

void Fibers::suspend() {
  Context* from = running_;
#if defined(PERFTUNE_FIBERS_BY_UCONTEXT)
  swapcontext(&from->state, &owner_->state);
#else
  perftune_switch_fiber(&from->stack_pointer, owner_->stack_pointer);
#endif
}

}  // namespace perftune::emulation
