/*
 * Runs cases in Unicorn. Usage: unicorn <cases> <results>. Both files are little-endian.
 *
 * cases:   u32 windows, u32 cases, u32 1 if results carry memory, u32 0;
 *          a window: u64 address, u32 bytes, u32 1 read | 2 write | 4 execute; then the images of all windows, in order;
 *          a case: u64 pc, u64 instructions to execute, u64 x0-x30, sp, nzcv (bits 31 to 28), tpidr_el0
 * results: a case each: u32 uc_err, u32 FNV-1a of the words of the windows that can be written, u64 instructions begun, u64 pc,
 *          u64 x0-x30, sp, nzcv, tpidr_el0, u64 address of the access that failed; the windows that can be written if asked for
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

#define REGISTERS 34
#define MAX_WINDOWS 16
#define WRITABLE 2

struct header { uint32_t windows, cases, memory, zero; };
struct window { uint64_t address; uint32_t bytes, access; };
struct one { uint64_t pc, count, registers[REGISTERS]; };
struct result { uint32_t error, hash; uint64_t begun, pc, registers[REGISTERS], address; };

static struct window windows[MAX_WINDOWS];
static uint8_t *images[MAX_WINDOWS], *memories[MAX_WINDOWS];
static uint64_t begun, left, failed_at;

static void must(int ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "%s failed\n", what);
  exit(1);
}

static uint32_t hash(uint32_t count) {
  uint32_t value = 0x811c9dc5, word;
  for (uint32_t w = 0; w < count; w++) {
    if (!(windows[w].access & WRITABLE)) continue;
    for (uint32_t i = 0; i < windows[w].bytes; i += 4) {
      memcpy(&word, memories[w] + i, 4);
      value = (value ^ word) * 0x01000193;
    }
  }
  return value;
}

/* Before each instruction. */
static void on_instruction(uc_engine *uc, uint64_t address, uint32_t size, void *user) {
  (void)address, (void)size, (void)user;
  if (left == 0) {
    uc_emu_stop(uc);
    return;
  }
  left--, begun++;
}

static bool on_invalid(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value, void *user) {
  (void)uc, (void)type, (void)size, (void)value, (void)user;
  failed_at = address;
  return false;
}

static void read_windows(uc_engine *uc, FILE *in, uint32_t count) {
  must(count <= MAX_WINDOWS && fread(windows, sizeof windows[0], count, in) == count, "reading the windows");
  for (uint32_t w = 0; w < count; w++) {
    images[w] = malloc(windows[w].bytes), memories[w] = aligned_alloc(4096, windows[w].bytes);
    must(fread(images[w], windows[w].bytes, 1, in) == 1, "reading an image");
    memcpy(memories[w], images[w], windows[w].bytes);
    /* UC_PROT_* are the same bits. */
    must(uc_mem_map_ptr(uc, windows[w].address, windows[w].bytes, windows[w].access, memories[w]) == UC_ERR_OK, "mapping");
  }
}

int main(int argc, char **argv) {
  must(argc == 3, "usage: unicorn <cases> <results>");
  FILE *in = fopen(argv[1], "rb"), *out = fopen(argv[2], "wb");
  must(in != NULL && out != NULL, "opening the files");
  struct header header;
  must(fread(&header, sizeof header, 1, in) == 1, "reading the header");
  uc_engine *uc;
  must(uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &uc) == UC_ERR_OK, "uc_open");
  must(uc_ctl_set_cpu_model(uc, UC_CPU_ARM64_MAX) == UC_ERR_OK, "choosing the CPU");
  read_windows(uc, in, header.windows);
  uc_hook hooks[2];
  must(uc_hook_add(uc, &hooks[0], UC_HOOK_CODE, on_instruction, NULL, 1, 0) == UC_ERR_OK, "hooking instructions");
  must(uc_hook_add(uc, &hooks[1], UC_HOOK_MEM_INVALID, on_invalid, NULL, 1, 0) == UC_ERR_OK, "hooking faults");
  int ids[REGISTERS];
  uint64_t values[REGISTERS];
  void *pointers[REGISTERS];
  for (int i = 0; i < 29; i++) ids[i] = UC_ARM64_REG_X0 + i;
  ids[29] = UC_ARM64_REG_X29, ids[30] = UC_ARM64_REG_X30, ids[31] = UC_ARM64_REG_SP, ids[32] = UC_ARM64_REG_NZCV;
  ids[33] = UC_ARM64_REG_TPIDR_EL0;
  for (int i = 0; i < REGISTERS; i++) pointers[i] = &values[i];
  struct one one;
  for (uint32_t c = 0; c < header.cases; c++) {
    must(fread(&one, sizeof one, 1, in) == 1, "reading a case");
    for (uint32_t w = 0; w < header.windows; w++)
      if (windows[w].access & WRITABLE) memcpy(memories[w], images[w], windows[w].bytes);
    memcpy(values, one.registers, sizeof values);
    uc_reg_write_batch(uc, ids, pointers, REGISTERS);
    begun = 0, left = one.count, failed_at = 0;
    struct result result = {0};
    result.error = uc_emu_start(uc, one.pc, ~UINT64_C(0), 0, 0);
    result.begun = begun;
    result.address = failed_at;
    uc_reg_read(uc, UC_ARM64_REG_PC, &result.pc);
    uc_reg_read_batch(uc, ids, pointers, REGISTERS);
    memcpy(result.registers, values, sizeof values);
    result.hash = hash(header.windows);
    must(fwrite(&result, sizeof result, 1, out) == 1, "writing a result");
    if (!header.memory) continue;
    for (uint32_t w = 0; w < header.windows; w++)
      if (windows[w].access & WRITABLE) must(fwrite(memories[w], windows[w].bytes, 1, out) == 1, "writing memory");
  }
  must(fclose(out) == 0, "writing the results");
  return 0;
}
