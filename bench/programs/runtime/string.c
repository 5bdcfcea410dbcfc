/*
 * Memory and strings, as a small kernel would have them: by 8 bytes where both sides are aligned alike.
 * Compiled so that compilers do not turn the loops into calls of the functions themselves (see build.mjs).
 */
#include "program.h"

typedef uint64_t __attribute__((may_alias)) word;

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
	uint8_t *t = to;
	const uint8_t *f = from;
	if ((((uintptr_t)t ^ (uintptr_t)f) & 7) == 0) {
		for (; count > 0 && ((uintptr_t)t & 7) != 0; count--)
			*t++ = *f++;
		for (; count >= 8; count -= 8, t += 8, f += 8)
			*(word *)t = *(const word *)f;
	}
	while (count-- > 0)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t count)
{
	uint8_t *t = to;
	const uint8_t *f = from;
	if ((uintptr_t)t - (uintptr_t)f >= count)
		return memcpy(to, from, count);
	while (count-- > 0)
		t[count] = f[count];
	return to;
}

void *memset(void *to, int byte, size_t count)
{
	uint8_t *t = to;
	word pattern = (uint8_t)byte * 0x0101010101010101u;
	for (; count > 0 && ((uintptr_t)t & 7) != 0; count--)
		*t++ = (uint8_t)byte;
	for (; count >= 8; count -= 8, t += 8)
		*(word *)t = pattern;
	while (count-- > 0)
		*t++ = (uint8_t)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t count)
{
	const uint8_t *p = a, *q = b;
	for (; count > 0; count--, p++, q++)
		if (*p != *q)
			return *p < *q ? -1 : 1;
	return 0;
}

size_t strlen(const char *string)
{
	size_t length = 0;
	while (string[length] != 0)
		length++;
	return length;
}

int strcmp(const char *a, const char *b)
{
	for (; *a != 0 && *a == *b; a++, b++)
		;
	return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t count)
{
	for (; count > 0; count--, a++, b++)
		if (*a != *b || *a == 0)
			return (uint8_t)*a - (uint8_t)*b;
	return 0;
}

char *strcpy(char *restrict to, const char *restrict from)
{
	char *at = to;
	while ((*at++ = *from++) != 0)
		;
	return to;
}
