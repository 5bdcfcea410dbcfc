/* Functions that call themselves: Fibonacci, Ackermann, Takeuchi, Hanoi, Hofstadter, and McCarthy's 91. */
#include "program.h"

/* Not made a loop, nor a copy in itself: it is calls that this program is about. */
#define RECURSIVE __attribute__((noinline)) static

RECURSIVE unsigned fibonacci(unsigned n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

RECURSIVE unsigned ackermann(unsigned m, unsigned n)
{
	if (m == 0)
		return n + 1;
	return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

RECURSIVE int takeuchi(int x, int y, int z)
{
	if (y >= x)
		return z;
	return takeuchi(takeuchi(x - 1, y, z), takeuchi(y - 1, z, x), takeuchi(z - 1, x, y));
}

struct towers {
	uint8_t pegs[3][24];
	unsigned heights[3], moves;
};

RECURSIVE void hanoi(struct towers *towers, unsigned count, unsigned from, unsigned to)
{
	if (count == 0)
		return;
	unsigned other = 3 - from - to;
	hanoi(towers, count - 1, from, other);
	uint8_t disc = towers->pegs[from][--towers->heights[from]];
	unsigned height = towers->heights[to]++;
	CHECK(height == 0 || towers->pegs[to][height - 1] > disc);
	towers->pegs[to][height] = disc;
	towers->moves++;
	hanoi(towers, count - 1, other, to);
}

RECURSIVE unsigned hofstadter_male(unsigned n);

RECURSIVE unsigned hofstadter_female(unsigned n)
{
	return n == 0 ? 1 : n - hofstadter_male(hofstadter_female(n - 1));
}

RECURSIVE unsigned hofstadter_male(unsigned n)
{
	return n == 0 ? 0 : n - hofstadter_female(hofstadter_male(n - 1));
}

RECURSIVE unsigned ninety_one(unsigned n)
{
	return n > 100 ? n - 10 : ninety_one(ninety_one(n + 11));
}

/* All orders of the letters, each once: counted, and each with the inversions that it should have. */
RECURSIVE unsigned permutations(uint8_t *letters, unsigned count, unsigned from, unsigned inversions)
{
	if (from == count) {
		unsigned found = 0;
		for (unsigned i = 0; i < count; i++)
			for (unsigned j = i + 1; j < count; j++)
				found += letters[i] > letters[j];
		CHECK(found == inversions);
		return 1;
	}
	unsigned total = 0;
	for (unsigned i = from; i < count; i++) {
		/* letters[i] before those that stood between, which keep their order. */
		uint8_t chosen = letters[i];
		memmove(letters + from + 1, letters + from, i - from);
		letters[from] = chosen;
		total += permutations(letters, count, from + 1, inversions + i - from);
		memmove(letters + from, letters + from + 1, i - from);
		letters[i] = chosen;
	}
	return total;
}

int program(uint32_t rounds)
{
	static const unsigned fibonaccis[] = { 987, 1597, 2584, 4181 };
	static const unsigned hofstadters[] = { 13, 13, 14, 14 };
	unsigned sum = 0;
	for (uint32_t round = 0; round < rounds; round++) {
		unsigned variant = round % 4;
		CHECK(fibonacci(16 + variant) == fibonaccis[variant]);
		CHECK(ackermann(2, 60 + variant) == 2 * (60 + variant) + 3);
		CHECK(ackermann(3, 4) == 125);
		CHECK(takeuchi(12, 8, 2 + (int)variant) == 3 + (int)variant);
		struct towers towers = { .heights = { 10, 0, 0 } };
		for (uint8_t i = 0; i < 10; i++)
			towers.pegs[0][i] = 10 - i;
		hanoi(&towers, 10, 0, 2);
		CHECK(towers.moves == 1023 && towers.heights[2] == 10);
		CHECK(hofstadter_female(20 + variant) == hofstadters[variant]);
		CHECK(ninety_one(round % 100) == 91);
		uint8_t letters[] = { 0, 1, 2, 3, 4, 5 };
		CHECK(permutations(letters, 6, 0, 0) == 720);
		sum += fibonacci(round % 10) + towers.moves;
	}
	print("recursion %u\n", sum);
	return 0;
}
