/*
 * The same loop in C for this machine.
 *   native direct|pointer TURNS RUNS
 * Prints "nanoseconds calls" for each run.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* noipa: called as a function of another file would be. */
__attribute__((noipa)) static uint64_t callee(uint64_t x)
{
	return x + 1;
}

static uint64_t (*volatile pointer)(uint64_t) = callee;

static uint64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: native direct|pointer TURNS RUNS\n");
		return 2;
	}
	uint64_t turns = strtoull(argv[2], NULL, 0);
	int by_pointer = strcmp(argv[1], "pointer") == 0;
	for (int run = 0; run < atoi(argv[3]); run++) {
		uint64_t x = 0, start = now();
		if (by_pointer)
			for (uint64_t i = turns; i != 0; i--)
				x = pointer(x);
		else
			for (uint64_t i = turns; i != 0; i--)
				x = callee(x);
		uint64_t end = now();
		printf("%llu %llu\n", (unsigned long long)(end - start), (unsigned long long)x);
	}
	return 0;
}
