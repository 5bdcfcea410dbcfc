/* Conway's Game of Life on a torus of 128 x 128, 64 cells a word, added bit by bit; checked by shapes whose fate is known. */
#include "program.h"

#define SIDE 128
#define WORDS (SIDE / 64)

typedef uint64_t board[SIDE][WORDS];

static board now, next, before;

static void set(board *b, int x, int y)
{
	(*b)[y & (SIDE - 1)][(x & (SIDE - 1)) / 64] |= (uint64_t)1 << (x & 63);
}

static bool get(board *b, int x, int y)
{
	return (*b)[y & (SIDE - 1)][(x & (SIDE - 1)) / 64] >> (x & 63) & 1;
}

static void place(board *b, int x, int y, const char *shape)
{
	for (int column = 0; *shape != 0; shape++) {
		if (*shape == '/') {
			y++;
			column = 0;
			continue;
		}
		if (*shape == 'o')
			set(b, x + column, y);
		column++;
	}
}

static uint64_t to_left(const uint64_t *row, int word)
{
	return row[word] << 1 | row[(word + WORDS - 1) % WORDS] >> 63;
}

static uint64_t to_right(const uint64_t *row, int word)
{
	return row[word] >> 1 | row[(word + 1) % WORDS] << 63;
}

static void step(board *from, board *to)
{
	for (int y = 0; y < SIDE; y++) {
		const uint64_t *above = (*from)[(y + SIDE - 1) % SIDE], *row = (*from)[y], *below = (*from)[(y + 1) % SIDE];
		for (int w = 0; w < WORDS; w++) {
			const uint64_t neighbours[8] = { to_left(above, w), above[w],	      to_right(above, w), to_left(row, w),
							 to_right(row, w),  to_left(below, w), below[w],	  to_right(below, w) };
			uint64_t ones = 0, twos = 0, fours = 0;
			for (int i = 0; i < 8; i++) {
				uint64_t carry = ones & neighbours[i];
				ones ^= neighbours[i];
				fours |= twos & carry;
				twos ^= carry;
			}
			(*to)[y][w] = twos & ~fours & (ones | row[w]);
		}
	}
}

/* The same, cell by cell. */
static void check_step(board *from, board *to)
{
	for (int y = 0; y < SIDE; y++)
		for (int x = 0; x < SIDE; x++) {
			int count = 0;
			for (int dy = -1; dy <= 1; dy++)
				for (int dx = -1; dx <= 1; dx++)
					count += (dx != 0 || dy != 0) && get(from, x + dx, y + dy);
			CHECK(get(to, x, y) == (count == 3 || (count == 2 && get(from, x, y))));
		}
}

static unsigned population(board *b)
{
	unsigned count = 0;
	for (int y = 0; y < SIDE; y++)
		for (int w = 0; w < WORDS; w++)
			for (uint64_t word = (*b)[y][w]; word != 0; word &= word - 1)
				count++;
	return count;
}

static void generations(int count)
{
	for (int i = 0; i < count; i += 2) {
		step(&now, &next);
		step(&next, &now);
	}
}

/* A glider comes back to where it was after 4 generations a cell; a pulsar after 3; a block stays. */
static void known_shapes(void)
{
	memset(now, 0, sizeof(now));
	place(&now, 5, 60, ".o./..o/ooo");
	memcpy(before, now, sizeof(now));
	generations(40);
	memset(next, 0, sizeof(next));
	place(&next, 15, 70, ".o./..o/ooo");
	CHECK(memcmp(now, next, sizeof(now)) == 0);
	memset(now, 0, sizeof(now));
	place(&now, 100, 100, "oo/oo");
	place(&now, 60, 20,
	      "..ooo...ooo..//o....o.o....o/o....o.o....o/o....o.o....o/..ooo...ooo..//"
	      "..ooo...ooo../o....o.o....o/o....o.o....o/o....o.o....o//..ooo...ooo..");
	memcpy(before, now, sizeof(now));
	generations(6);
	CHECK(memcmp(now, before, sizeof(now)) == 0);
	CHECK(population(&now) == 48 + 4);
}

int program(uint32_t rounds)
{
	uint64_t hash = FNV_START;
	unsigned cells = 0;
	known_shapes();
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		for (int y = 0; y < SIDE; y++)
			for (int w = 0; w < WORDS; w++)
				now[y][w] = random_u64(&random) & random_u64(&random);
		if (round % 16 == 0) {
			step(&now, &next);
			check_step(&now, &next);
		}
		generations(60);
		cells += population(&now);
		hash = fnv(hash, now, sizeof(now));
	}
	print("life %u %016llx\n", cells, (unsigned long long)hash);
	return 0;
}
