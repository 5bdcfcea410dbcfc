/* Backtracking: the n queens problem with bit masks, and Sudoku by the cell with the fewest candidates. */
#include "program.h"

static unsigned queens(unsigned all, unsigned columns, unsigned left, unsigned right)
{
	if (columns == all)
		return 1;
	unsigned count = 0;
	for (unsigned free = all & ~(columns | left | right); free != 0; free &= free - 1) {
		unsigned bit = free & (0 - free);
		count += queens(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
	}
	return count;
}

struct sudoku {
	uint8_t cells[81];
	uint16_t rows[9], columns[9], boxes[9]; /* The digits that are there, as bits. */
	unsigned guesses;
};

static int box_of(int cell)
{
	return cell / 27 * 3 + cell % 9 / 3;
}

static void place(struct sudoku *s, int cell, unsigned digit)
{
	uint16_t bit = (uint16_t)(1u << digit);
	s->rows[cell / 9] ^= bit;
	s->columns[cell % 9] ^= bit;
	s->boxes[box_of(cell)] ^= bit;
	s->cells[cell] = s->cells[cell] == digit ? 0 : (uint8_t)digit;
}

static unsigned candidates(const struct sudoku *s, int cell)
{
	return 0x3fe & ~(unsigned)(s->rows[cell / 9] | s->columns[cell % 9] | s->boxes[box_of(cell)]);
}

static unsigned bits_in(unsigned word)
{
	unsigned count = 0;
	for (; word != 0; word &= word - 1)
		count++;
	return count;
}

static bool solve(struct sudoku *s)
{
	int best = -1;
	unsigned fewest = 10;
	for (int cell = 0; cell < 81; cell++) {
		if (s->cells[cell] != 0)
			continue;
		unsigned count = bits_in(candidates(s, cell));
		if (count < fewest) {
			fewest = count;
			best = cell;
		}
	}
	if (best < 0)
		return true;
	unsigned open = candidates(s, best);
	for (unsigned digit = 1; digit <= 9; digit++) {
		if (!(open >> digit & 1))
			continue;
		s->guesses++;
		place(s, best, digit);
		if (solve(s))
			return true;
		place(s, best, digit);
	}
	return false;
}

/* A known puzzle with its digits, rows and columns in another order: as hard as before, and its solution as unique. */
static void make_puzzle(struct random *random, const char *puzzle, struct sudoku *s)
{
	uint8_t digits[10], rows[9], columns[9];
	for (uint8_t i = 0; i < 9; i++) {
		digits[i + 1] = i + 1;
		rows[i] = columns[i] = i;
	}
	for (unsigned i = 9; i > 1; i--) {
		unsigned j = 1 + random_below(random, i);
		uint8_t t = digits[i];
		digits[i] = digits[j];
		digits[j] = t;
	}
	for (unsigned i = 0; i < 9; i++) {
		unsigned j = i / 3 * 3 + random_below(random, 3), k = i / 3 * 3 + random_below(random, 3);
		uint8_t t = rows[i];
		rows[i] = rows[j];
		rows[j] = t;
		t = columns[i];
		columns[i] = columns[k];
		columns[k] = t;
	}
	memset(s, 0, sizeof(*s));
	for (int cell = 0; cell < 81; cell++) {
		char given = puzzle[rows[cell / 9] * 9 + columns[cell % 9]];
		if (given != '.')
			place(s, cell, digits[given - '0']);
	}
}

int program(uint32_t rounds)
{
	static const unsigned known[] = { 1, 1, 0, 0, 2, 10, 4, 40, 92, 352, 724 };
	static const char easy[] = "..3.2.6..9..3.5..1..18.64....81.29..7.......8..67.82....26.95..8..2.3..9..5.1.3..";
	static const char hard[] = "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4..";
	unsigned guesses = 0;
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		for (unsigned n = 1; n < COUNT_OF(known) - (round % 8 != 7); n++)
			CHECK(queens((1u << n) - 1, 0, 0, 0) == known[n]);
		static struct sudoku given, s;
		make_puzzle(&random, round % 8 == 6 ? hard : easy, &given);
		s = given;
		CHECK(solve(&s));
		for (int i = 0; i < 9; i++)
			CHECK(s.rows[i] == 0x3fe && s.columns[i] == 0x3fe && s.boxes[i] == 0x3fe);
		for (int cell = 0; cell < 81; cell++)
			CHECK(s.cells[cell] >= 1 && s.cells[cell] <= 9 &&
			      (given.cells[cell] == 0 || given.cells[cell] == s.cells[cell]));
		guesses += s.guesses;
	}
	print("queens and sudoku, %u guesses\n", guesses);
	return 0;
}
