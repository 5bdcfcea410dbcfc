/*
 * Runs cases in Unicorn. Usage: unicorn <cases> <results>. Both files are little-endian.
 *
 * cases:   u32 windows, u32 cases, u32 1 if results carry memory, u32 system registers;
 *          a window: u64 address, u32 bytes, u32 1 read | 2 write | 4 execute; then the images of all windows, in order;
 *          a system register: bytes op0, op1, CRn, CRm, op2, 0, 0, 0;
 *          a case: u64 pc, u64 instructions to execute, u64 x0-x30, sp, nzcv (bits 31 to 28), system registers
 * results: a case each: u32 uc_err, u32 FNV-1a of the words of the windows that can be written, u64 instructions begun, u64 pc,
 *          u64 x0-x30, sp, nzcv, system registers; then the windows that can be written, if asked for
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

#define GENERAL 33
#define MAX_SYSTEM 64
#define MAX_WINDOWS 16
#define WRITABLE 2

struct header { uint32_t windows, cases, memory, system; };
struct window { uint64_t address; uint32_t bytes, access; };
struct one { uint64_t pc, count; };
struct result { uint32_t error, hash; uint64_t begun, pc; };
struct encoding { uint8_t op0, op1, crn, crm, op2, zero[3]; };

static struct window windows[MAX_WINDOWS];
static uint8_t *images[MAX_WINDOWS], *memories[MAX_WINDOWS];
static struct encoding encodings[MAX_SYSTEM];
static uint64_t begun, left;

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

static void write_system(uc_engine *uc, uint32_t count, const uint64_t *values) {
  for (uint32_t i = 0; i < count; i++) {
    struct encoding e = encodings[i];
    uc_arm64_cp_reg one = {e.crn, e.crm, e.op0, e.op1, e.op2, values[i]};
    must(uc_reg_write(uc, UC_ARM64_REG_CP_REG, &one) == UC_ERR_OK, "writing a system register");
  }
}

static void read_system(uc_engine *uc, uint32_t count, uint64_t *values) {
  for (uint32_t i = 0; i < count; i++) {
    struct encoding e = encodings[i];
    uc_arm64_cp_reg one = {e.crn, e.crm, e.op0, e.op1, e.op2, 0};
    must(uc_reg_read(uc, UC_ARM64_REG_CP_REG, &one) == UC_ERR_OK, "reading a system register");
    values[i] = one.val;
  }
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
  must(header.system <= MAX_SYSTEM && fread(encodings, sizeof encodings[0], header.system, in) == header.system,
       "reading the system registers");
  uc_hook hook;
  must(uc_hook_add(uc, &hook, UC_HOOK_CODE, on_instruction, NULL, 1, 0) == UC_ERR_OK, "hooking instructions");
  int ids[GENERAL];
  uint64_t values[GENERAL + MAX_SYSTEM];
  void *pointers[GENERAL];
  const size_t bytes = 8 * (GENERAL + header.system);
  for (int i = 0; i < 29; i++) ids[i] = UC_ARM64_REG_X0 + i;
  ids[29] = UC_ARM64_REG_X29, ids[30] = UC_ARM64_REG_X30, ids[31] = UC_ARM64_REG_SP, ids[32] = UC_ARM64_REG_NZCV;
  for (int i = 0; i < GENERAL; i++) pointers[i] = &values[i];
  struct one one;
  for (uint32_t c = 0; c < header.cases; c++) {
    must(fread(&one, sizeof one, 1, in) == 1 && fread(values, bytes, 1, in) == 1, "reading a case");
    for (uint32_t w = 0; w < header.windows; w++)
      if (windows[w].access & WRITABLE) memcpy(memories[w], images[w], windows[w].bytes);
    /* The stack pointers last: SPSel chooses between them. */
    uint64_t el1h = 0x3c5;
    uc_reg_write(uc, UC_ARM64_REG_PSTATE, &el1h);
    write_system(uc, header.system, values + GENERAL);
    uc_reg_write_batch(uc, ids, pointers, GENERAL);
    begun = 0, left = one.count;
    struct result result = {0};
    result.error = uc_emu_start(uc, one.pc, ~UINT64_C(0), 0, 0);
    result.begun = begun;
    uc_reg_read(uc, UC_ARM64_REG_PC, &result.pc);
    uc_reg_read_batch(uc, ids, pointers, GENERAL);
    read_system(uc, header.system, values + GENERAL);
    result.hash = hash(header.windows);
    must(fwrite(&result, sizeof result, 1, out) == 1 && fwrite(values, bytes, 1, out) == 1, "writing a result");
    if (!header.memory) continue;
    for (uint32_t w = 0; w < header.windows; w++)
      if (windows[w].access & WRITABLE) must(fwrite(memories[w], windows[w].bytes, 1, out) == 1, "writing memory");
  }
  must(fclose(out) == 0, "writing the results");
  return 0;
}
