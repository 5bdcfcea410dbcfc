/*
 * What every program of the suite is given: the C library's few functions that need no operating system, a small
 * printf, checks, and reproducible random numbers. A program defines program(), which does its work `rounds`
 * times and returns 0, or ends at the first CHECK that does not hold. It prints the same on every machine:
 * no pointers, no sizes of types, no `char` whose sign matters.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int program(uint32_t rounds);

void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int byte, size_t count);
int memcmp(const void *a, const void *b, size_t count);
size_t strlen(const char *string);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t count);
char *strcpy(char *restrict to, const char *restrict from);

/* %s %c %d %u %x %lld %llu %llx %%, with a width and with 0 or - before it. */
__attribute__((format(printf, 1, 2))) void print(const char *format, ...);

/* The same into a buffer, always ended by a NUL; returns the length of the whole text, which may not have fitted. */
__attribute__((format(printf, 3, 4))) size_t print_to(char *buffer, size_t size, const char *format, ...);

/* Says what did not hold, and ends the program with status 1. */
_Noreturn void check_failed(const char *function, int line, const char *what);

#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			check_failed(__func__, __LINE__, #condition);                                                  \
	} while (0)

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled" (2016). */
struct random {
	uint64_t state;
};

static inline struct random random_seeded(uint64_t seed)
{
	return (struct random){ seed * 0x9e3779b97f4a7c15u + 0x632be59bd9b4e019u };
}

static inline uint64_t random_u64(struct random *random)
{
	uint64_t x = random->state;
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	random->state = x;
	return x * 0x2545f4914f6cdd1du;
}

static inline uint32_t random_u32(struct random *random)
{
	return (uint32_t)(random_u64(random) >> 32);
}

/* Below a bound that is not 0; even enough for bounds far below 2^32. */
static inline uint32_t random_below(struct random *random, uint32_t bound)
{
	return (uint32_t)(((random_u64(random) >> 32) * bound) >> 32);
}

/* FNV-1a, to condense a result that is to be printed. */
#define FNV_START 0xcbf29ce484222325u

static inline uint64_t fnv(uint64_t hash, const void *bytes, size_t count)
{
	const uint8_t *at = bytes;
	while (count-- > 0)
		hash = (hash ^ *at++) * 0x100000001b3u;
	return hash;
}

#endif
