/*
 * Runs cases in Unicorn. Usage: unicorn <cases> <results>. Both files are little-endian.
 *
 * cases:   u32 groups, u32 bytes of data, u64 address of code, u64 address of data, the data;
 *          a group: u32 words, u32 states, u32 instructions to execute (0: to the end), u32 0, the words (padded to 8 bytes);
 *          a state: u64 x0-x30, sp, nzcv (bits 31 to 28)
 * results: a state each: u32 uc_err, u32 FNV-1a of the data's words, u64 pc, u64 x0-x30, sp, nzcv
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

#define REGISTERS 33
#define CODE_BYTES 4096

struct header { uint32_t groups, bytes; uint64_t code, data; };
struct group { uint32_t words, states, count, zero; };
struct result { uint32_t error, hash; uint64_t pc, registers[REGISTERS]; };

static void must(int ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "%s failed\n", what);
  exit(1);
}

static uint32_t hash(const uint8_t *data, uint32_t bytes) {
  uint32_t value = 0x811c9dc5, word;
  for (uint32_t i = 0; i < bytes; i += 4) {
    memcpy(&word, data + i, 4);
    value = (value ^ word) * 0x01000193;
  }
  return value;
}

int main(int argc, char **argv) {
  must(argc == 3, "usage: unicorn <cases> <results>");
  FILE *in = fopen(argv[1], "rb"), *out = fopen(argv[2], "wb");
  must(in != NULL && out != NULL, "opening the files");
  struct header header;
  must(fread(&header, sizeof header, 1, in) == 1, "reading the header");
  uint8_t *image = malloc(header.bytes), *code = aligned_alloc(4096, CODE_BYTES), *data = aligned_alloc(4096, header.bytes);
  must(fread(image, header.bytes, 1, in) == 1, "reading the data");
  uc_engine *uc;
  must(uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &uc) == UC_ERR_OK, "uc_open");
  must(uc_ctl_set_cpu_model(uc, UC_CPU_ARM64_MAX) == UC_ERR_OK, "choosing the CPU");
  must(uc_mem_map_ptr(uc, header.code, CODE_BYTES, UC_PROT_READ | UC_PROT_EXEC, code) == UC_ERR_OK, "mapping code");
  must(uc_mem_map_ptr(uc, header.data, header.bytes, UC_PROT_READ | UC_PROT_WRITE, data) == UC_ERR_OK, "mapping data");
  int ids[REGISTERS];
  uint64_t values[REGISTERS];
  void *pointers[REGISTERS];
  for (int i = 0; i < 29; i++) ids[i] = UC_ARM64_REG_X0 + i;
  ids[29] = UC_ARM64_REG_X29, ids[30] = UC_ARM64_REG_X30, ids[31] = UC_ARM64_REG_SP, ids[32] = UC_ARM64_REG_NZCV;
  for (int i = 0; i < REGISTERS; i++) pointers[i] = &values[i];
  for (uint32_t g = 0; g < header.groups; g++) {
    struct group group;
    must(fread(&group, sizeof group, 1, in) == 1, "reading a group");
    uint32_t padded = (group.words + 1) / 2 * 8;
    must(padded <= CODE_BYTES && fread(code, padded, 1, in) == 1, "reading words");
    uint64_t end = header.code + 4 * group.words;
    uc_ctl_remove_cache(uc, header.code, header.code + CODE_BYTES);
    for (uint32_t s = 0; s < group.states; s++) {
      must(fread(values, sizeof values, 1, in) == 1, "reading a state");
      memcpy(data, image, header.bytes);
      uc_reg_write_batch(uc, ids, pointers, REGISTERS);
      struct result result = {0};
      result.error = uc_emu_start(uc, header.code, group.count ? ~UINT64_C(0) : end, 0, group.count);
      uc_reg_read(uc, UC_ARM64_REG_PC, &result.pc);
      uc_reg_read_batch(uc, ids, pointers, REGISTERS);
      memcpy(result.registers, values, sizeof values);
      result.hash = hash(data, header.bytes);
      must(fwrite(&result, sizeof result, 1, out) == 1, "writing a result");
    }
  }
  must(fclose(out) == 0, "writing the results");
  return 0;
}
