// Fibers: the threads of an emulated block, switched in user space on one operating system thread.
//
// A launch resumes hundreds of threads at every barrier, so a switch must cost nanoseconds: on
// x86-64 it is a dozen instructions that save the callee-saved registers of the System V ABI;
// elsewhere ucontext does the same with two system calls.
//
// Call order: prepare(i, ...) (resume(i) ... suspend() inside i)* until body returns. `resume` is
// called by the owner only, `suspend` by the running fiber only. A fiber that is prepared again is
// abandoned as it stands: its frames are not unwound. A stack overflow hits a guard page (SIGSEGV).
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace perftune::emulation {

class Fibers {
 public:
  using Body = void (*)(void* argument);  // must not let an exception out

  explicit Fibers(std::size_t stack_bytes = 64 * 1024);
  ~Fibers();
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;

  // Makes fibers [0, count) available; stacks that exist are reused.
  void reserve(std::size_t count);
  void prepare(std::size_t fiber, Body body, void* argument);
  void resume(std::size_t fiber);  // returns when the fiber suspends or its body returns
  void suspend();                  // back to resume()

 private:
  struct Context;  // machine state of one suspended fiber
  struct StackSlab;

  static void start();  // first frame of every fiber

  std::size_t stack_bytes_;
  std::vector<std::unique_ptr<StackSlab>> slabs_;
  std::vector<std::unique_ptr<Context>> contexts_;
  std::unique_ptr<Context> owner_;
  Context* running_ = nullptr;
};

}  // namespace perftune::emulation
