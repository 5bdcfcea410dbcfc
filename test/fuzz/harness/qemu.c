/*
 * Runs cases under qemu-aarch64, in user mode: each is what a signal handler returns to, and ends with a signal.
 * Usage: qemu <cases> <results>. The files are those of unicorn.c, with these differences: the number of instructions is not
 * looked at (a program ends with BRK, or faults), an error is the number of the signal, no instructions are counted, and of
 * the system registers only TPIDR_EL0 takes part: the others are handed back as they came.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define GENERAL 33
#define MAX_SYSTEM 64
#define MAX_WINDOWS 16
#define WRITABLE 2
#define NZCV UINT64_C(0xf0000000)

struct header { uint32_t windows, cases, memory, system; };
struct window { uint64_t address; uint32_t bytes, access; };
struct one { uint64_t pc, count; };
struct result { uint32_t error, hash; uint64_t begun, pc; };
struct encoding { uint8_t op0, op1, crn, crm, op2, zero[3]; };

static struct header header;
static struct window windows[MAX_WINDOWS];
static uint8_t *images[MAX_WINDOWS];
static struct encoding encodings[MAX_SYSTEM];
static FILE *in, *out;
static uint64_t values[GENERAL + MAX_SYSTEM], own_thread;
static uint32_t done;
static size_t bytes;
static int thread_register = -1;

static void must(int ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "%s failed\n", what);
  exit(1);
}

static uint32_t hash(void) {
  uint32_t value = 0x811c9dc5, word;
  for (uint32_t w = 0; w < header.windows; w++) {
    if (!(windows[w].access & WRITABLE)) continue;
    for (uint32_t i = 0; i < windows[w].bytes; i += 4) {
      memcpy(&word, (uint8_t *)windows[w].address + i, 4);
      value = (value ^ word) * 0x01000193;
    }
  }
  return value;
}

/* Takes the state of a case that has ended. */
static void record(int number, const mcontext_t *context, uint64_t thread) {
  memcpy(values, context->regs, 31 * 8);
  values[31] = context->sp;
  values[32] = context->pstate & NZCV;
  if (thread_register >= 0) values[GENERAL + thread_register] = thread;
  struct result result = {(uint32_t)number, hash(), 0, context->pc};
  must(fwrite(&result, sizeof result, 1, out) == 1 && fwrite(values, bytes, 1, out) == 1, "writing a result");
  if (!header.memory) return;
  for (uint32_t w = 0; w < header.windows; w++)
    if (windows[w].access & WRITABLE)
      must(fwrite((void *)windows[w].address, windows[w].bytes, 1, out) == 1, "writing memory");
}

/* Puts the next case in place. */
static void begin(mcontext_t *context) {
  struct one one;
  must(fread(&one, sizeof one, 1, in) == 1 && fread(values, bytes, 1, in) == 1, "reading a case");
  for (uint32_t w = 0; w < header.windows; w++)
    if (windows[w].access & WRITABLE) memcpy((void *)windows[w].address, images[w], windows[w].bytes);
  memcpy(context->regs, values, 31 * 8);
  context->sp = values[31];
  context->pstate = values[32] & NZCV;
  context->pc = one.pc;
}

static void handler(int number, siginfo_t *info, void *user) {
  uint64_t thread;
  __asm__ volatile("mrs %0, tpidr_el0" : "=r"(thread));
  __asm__ volatile("msr tpidr_el0, %0" : : "r"(own_thread) : "memory");
  (void)info;
  mcontext_t *context = &((ucontext_t *)user)->uc_mcontext;
  if (number != SIGUSR1) {
    record(number, context, thread);
    done++;
  }
  if (done == header.cases) {
    must(fclose(out) == 0, "writing the results");
    _exit(0);
  }
  begin(context);
  if (thread_register >= 0) __asm__ volatile("msr tpidr_el0, %0" : : "r"(values[GENERAL + thread_register]) : "memory");
}

static void read_windows(void) {
  must(header.windows <= MAX_WINDOWS && fread(windows, sizeof windows[0], header.windows, in) == header.windows,
       "reading the windows");
  for (uint32_t w = 0; w < header.windows; w++) {
    void *at = (void *)windows[w].address;
    images[w] = malloc(windows[w].bytes);
    must(fread(images[w], windows[w].bytes, 1, in) == 1, "reading an image");
    must(mmap(at, windows[w].bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at, "mapping");
    memcpy(at, images[w], windows[w].bytes);
    /* PROT_* are the same bits. */
    must(mprotect(at, windows[w].bytes, (int)windows[w].access) == 0, "protecting");
  }
}

int main(int argc, char **argv) {
  must(argc == 3, "usage: qemu <cases> <results>");
  in = fopen(argv[1], "rb"), out = fopen(argv[2], "wb");
  must(in != NULL && out != NULL, "opening the files");
  must(fread(&header, sizeof header, 1, in) == 1, "reading the header");
  read_windows();
  must(header.system <= MAX_SYSTEM && fread(encodings, sizeof encodings[0], header.system, in) == header.system,
       "reading the system registers");
  for (uint32_t i = 0; i < header.system; i++)
    if (!memcmp(&encodings[i], "\3\3\15\0\2", 5)) thread_register = (int)i;
  bytes = 8 * (GENERAL + header.system);
  __asm__ volatile("mrs %0, tpidr_el0" : "=r"(own_thread));
  stack_t stack = {.ss_sp = malloc(1 << 18), .ss_size = 1 << 18};
  must(sigaltstack(&stack, NULL) == 0, "sigaltstack");
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  const int numbers[] = {SIGUSR1, SIGTRAP, SIGILL, SIGBUS, SIGSEGV};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
    must(sigaction(numbers[i], &action, NULL) == 0, "sigaction");
  raise(SIGUSR1);
  return 1;
}
