/*
 * Runs a function of an ELF image in Unicorn and times it.
 *   unicorn IMAGE FUNCTION STACK_TOP TURNS RUNS CALLS
 * Each run is CALLS calls of uc_emu_start; prints "nanoseconds x0" for each run.
 */
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unicorn/unicorn.h>

static void check(uc_err error, const char *what)
{
	if (error != UC_ERR_OK) {
		fprintf(stderr, "%s: %s\n", what, uc_strerror(error));
		exit(1);
	}
}

static uint64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static unsigned char *read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	unsigned char *bytes;
	long size;

	if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0) {
		perror(path);
		exit(1);
	}
	rewind(file);
	bytes = malloc((size_t)size);
	if (!bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size) {
		perror(path);
		exit(1);
	}
	fclose(file);
	return bytes;
}

int main(int argc, char **argv)
{
	if (argc != 7) {
		fprintf(stderr, "usage: unicorn IMAGE FUNCTION STACK_TOP TURNS RUNS CALLS\n");
		return 2;
	}
	unsigned char *image = read_file(argv[1]);
	uint64_t function = strtoull(argv[2], NULL, 0), stack = strtoull(argv[3], NULL, 0);
	uint64_t turns = strtoull(argv[4], NULL, 0);
	int runs = atoi(argv[5]), calls = atoi(argv[6]);
	Elf64_Ehdr *header = (Elf64_Ehdr *)image;
	Elf64_Phdr *segments = (Elf64_Phdr *)(image + header->e_phoff);
	uint64_t stop = header->e_entry;
	uc_engine *uc;

	check(uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &uc), "uc_open");
	for (int i = 0; i < header->e_phnum; i++) {
		Elf64_Phdr *segment = &segments[i];
		uint64_t size = (segment->p_memsz + 4095) & ~4095ull;
		check(uc_mem_map(uc, segment->p_vaddr, size, UC_PROT_ALL), "uc_mem_map");
		check(uc_mem_write(uc, segment->p_vaddr, image + segment->p_offset, segment->p_filesz), "uc_mem_write");
	}
	for (int run = 0; run < runs; run++) {
		uint64_t start = now(), x0 = 0, sp = stack;
		for (int call = 0; call < calls; call++) {
			x0 = turns;
			uc_reg_write(uc, UC_ARM64_REG_X0, &x0);
			uc_reg_write(uc, UC_ARM64_REG_SP, &sp);
			uc_reg_write(uc, UC_ARM64_REG_X30, &stop);
			check(uc_emu_start(uc, function, stop, 0, 0), "uc_emu_start");
		}
		uint64_t end = now();
		uc_reg_read(uc, UC_ARM64_REG_X0, &x0);
		printf("%llu %llu\n", (unsigned long long)(end - start), (unsigned long long)x0);
	}
	uc_close(uc);
	return 0;
}
