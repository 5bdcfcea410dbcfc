/*
 * Runs atomic instructions under qemu-aarch64. Usage: atomics <cases> <results>.
 * A case: u64 number of the instruction, u64 memory, u64 operand. A result: u64 old value, u64 memory.
 * `instructions` is an array of functions (pointer, operand) -> old value, made by the test.
 */
#include <stdint.h>
#include <stdio.h>

typedef uint64_t (*instruction)(uint64_t *memory, uint64_t operand);
extern const instruction instructions[];

int main(int argc, char **argv) {
  if (argc != 3) return 1;
  FILE *in = fopen(argv[1], "rb"), *out = fopen(argv[2], "wb");
  if (in == NULL || out == NULL) return 1;
  uint64_t one[3];
  while (fread(one, sizeof one, 1, in) == 1) {
    uint64_t memory = one[1];
    uint64_t result[2] = {instructions[one[0]](&memory, one[2]), 0};
    result[1] = memory;
    if (fwrite(result, sizeof result, 1, out) != 1) return 1;
  }
  return fclose(out);
}
