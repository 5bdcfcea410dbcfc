/*
 * A mix as small controllers run it: a list that is searched, reversed and sorted, a state machine over numbers in text,
 * small matrices of 16 bits, records with strings, each feeding a CRC. Every part is undone or done by another way.
 */
#include "program.h"

static uint16_t crc_update(uint16_t crc, uint32_t value, int bytes)
{
	for (; bytes > 0; bytes--, value >>= 8) {
		crc ^= (uint8_t)value;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? (uint16_t)(crc >> 1 ^ 0xa001) : (uint16_t)(crc >> 1);
	}
	return crc;
}

/* Lists. */
struct item {
	struct item *next;
	int16_t value, place;
};

#define ITEMS 120

static struct item *reverse(struct item *list)
{
	struct item *reversed = NULL;
	while (list != NULL) {
		struct item *next = list->next;
		list->next = reversed;
		reversed = list;
		list = next;
	}
	return reversed;
}

static struct item *find_value(struct item *list, int16_t value)
{
	while (list != NULL && list->value != value)
		list = list->next;
	return list;
}

static int by_value(const struct item *a, const struct item *b)
{
	return a->value != b->value ? a->value - b->value : a->place - b->place;
}

static int by_place(const struct item *a, const struct item *b)
{
	return a->place - b->place;
}

static struct item *sort(struct item *list, int (*compare)(const struct item *, const struct item *))
{
	for (int width = 1;; width *= 2) {
		struct item *rest = list, **tail = &list;
		int merges = 0;
		while (rest != NULL) {
			struct item *a = rest, *b = rest;
			int left = 0, right = width;
			merges++;
			for (; left < width && b != NULL; left++)
				b = b->next;
			while (left > 0 || (right > 0 && b != NULL)) {
				bool first = left > 0 && (right == 0 || b == NULL || compare(a, b) <= 0);
				struct item **from = first ? &a : &b;
				if (first)
					left--;
				else
					right--;
				*tail = *from;
				tail = &(*tail)->next;
				*from = (*from)->next;
			}
			rest = b;
		}
		*tail = NULL;
		if (merges <= 1)
			return list;
	}
}

static uint16_t list_work(struct random *random, uint16_t crc)
{
	static struct item items[ITEMS];
	struct item *list = NULL;
	for (int16_t i = ITEMS; i-- > 0;) {
		items[i] = (struct item){ list, (int16_t)random_below(random, 1000), i };
		list = &items[i];
	}
	for (int i = 0; i < 20; i++) {
		int16_t value = (int16_t)random_below(random, 1000);
		struct item *found = find_value(list, value);
		int last = -1;
		for (int16_t j = 0; j < ITEMS; j++)
			if (items[j].value == value)
				last = j;
		CHECK((found == NULL) == (last < 0));
		crc = crc_update(crc, found == NULL ? 0 : (uint16_t)found->place, 2);
		list = reverse(list);
	}
	list = sort(list, by_value);
	for (struct item *at = list; at->next != NULL; at = at->next) {
		CHECK(by_value(at, at->next) < 0);
		crc = crc_update(crc, (uint16_t)at->value, 2);
	}
	list = sort(list, by_place);
	int16_t place = 0;
	for (struct item *at = list; at != NULL; at = at->next, place++)
		CHECK(at == &items[place]);
	CHECK(place == ITEMS);
	return crc;
}

/* Numbers in text, separated by commas: each a whole number, a decimal one, one with exponent, or nothing of that. */
enum state { START, SIGN, INTEGER, POINT, FRACTION, MARK, EXPONENT_SIGN, EXPONENT, INVALID, STATES };

static enum state next_state(enum state state, char c)
{
	bool digit = c >= '0' && c <= '9', sign = c == '+' || c == '-';
	switch (state) {
	case START:
		return digit ? INTEGER : sign ? SIGN : c == '.' ? POINT : INVALID;
	case SIGN:
		return digit ? INTEGER : c == '.' ? POINT : INVALID;
	case INTEGER:
		if (digit)
			return INTEGER;
		return c == '.' ? FRACTION : c == 'e' ? MARK : INVALID;
	case POINT:
		return digit ? FRACTION : INVALID;
	case FRACTION:
		return digit ? FRACTION : c == 'e' ? MARK : INVALID;
	case MARK:
		return digit ? EXPONENT : sign ? EXPONENT_SIGN : INVALID;
	case EXPONENT_SIGN:
	case EXPONENT:
		return digit ? EXPONENT : INVALID;
	default:
		return INVALID;
	}
}

static uint16_t state_work(struct random *random, uint16_t crc)
{
	static const struct {
		const char *text;
		enum state ends;
	} words[] = {
		{ "5012", INTEGER },	  { "-874", INTEGER },	    { "+122", INTEGER },    { "35.54400", FRACTION },
		{ ".1234500", FRACTION }, { "-110.700", FRACTION }, { "+0.64400", FRACTION }, { "5.500e+3", EXPONENT },
		{ "-.123e-2", EXPONENT }, { "-87e+832", EXPONENT }, { "+0.6e-12", EXPONENT }, { "T0.3e-1F", INVALID },
		{ "-T.T++Tq", INVALID },  { "1T3.4e4z", INVALID },  { "34.0e-T^", INVALID },	{ "7e", MARK },
		{ "+", SIGN },		  { "-.", POINT },	    { "12e-", EXPONENT_SIGN },
	};
	static char text[900];
	unsigned expected[STATES] = { 0 }, counted[STATES] = { 0 }, changes = 0;
	size_t length = 0;
	while (length < sizeof(text) - 12) {
		unsigned which = random_below(random, COUNT_OF(words));
		strcpy(text + length, words[which].text);
		length += strlen(words[which].text);
		text[length++] = ',';
		expected[words[which].ends]++;
	}
	text[length] = 0;
	enum state state = START;
	for (const char *at = text; *at != 0; at++) {
		if (*at == ',') {
			counted[state]++;
			state = START;
			continue;
		}
		enum state next = next_state(state, *at);
		changes += next != state;
		state = next;
	}
	CHECK(memcmp(expected, counted, sizeof(counted)) == 0);
	return crc_update(crc, changes, 4);
}

/* Matrices: (A + c) B - c (1 B) must be A B. */
#define SIDE 12

static uint16_t matrix_work(struct random *random, uint16_t crc)
{
	static int16_t a[SIDE][SIDE], b[SIDE][SIDE];
	static int32_t plain[SIDE][SIDE], shifted[SIDE][SIDE];
	int16_t c = (int16_t)random_below(random, 100);
	for (int i = 0; i < SIDE; i++)
		for (int j = 0; j < SIDE; j++) {
			a[i][j] = (int16_t)(random_below(random, 1000) - 500);
			b[i][j] = (int16_t)(random_below(random, 1000) - 500);
		}
	for (int pass = 0; pass < 2; pass++) {
		int32_t(*out)[SIDE] = pass == 0 ? plain : shifted;
		for (int i = 0; i < SIDE; i++)
			for (int j = 0; j < SIDE; j++) {
				out[i][j] = 0;
				for (int k = 0; k < SIDE; k++)
					out[i][j] += (int32_t)a[i][k] * b[k][j];
			}
		for (int i = 0; pass == 0 && i < SIDE; i++)
			for (int j = 0; j < SIDE; j++)
				a[i][j] = (int16_t)(a[i][j] + c);
	}
	for (int j = 0; j < SIDE; j++) {
		int32_t column = 0;
		for (int k = 0; k < SIDE; k++)
			column += b[k][j];
		for (int i = 0; i < SIDE; i++) {
			CHECK(shifted[i][j] - c * column == plain[i][j]);
			/* Some bits of it, as signal processing takes them. */
			crc = crc_update(crc, (uint32_t)(plain[i][j] >> 4 & 0xff) * (uint32_t)(plain[i][j] >> 12 & 0x7f), 2);
		}
	}
	return crc;
}

/* Records. */
enum colour { RED, GREEN, BLUE };

struct record {
	struct record *partner;
	enum colour colour;
	union {
		struct {
			int count;
			char name[32];
		} counted;
		struct {
			uint8_t first, second;
		} pair;
	} as;
	int64_t balance;
};

static enum colour colour_after(enum colour colour)
{
	switch (colour) {
	case RED:
		return GREEN;
	case GREEN:
		return BLUE;
	default:
		return RED;
	}
}

__attribute__((noinline)) static void transfer(struct record *from, struct record *to, int64_t amount)
{
	from->balance -= amount;
	to->balance += amount;
	if (from->partner == to && from->colour != to->colour)
		to->colour = colour_after(to->colour);
}

static bool name_is(const struct record *record, const char *name)
{
	return record->as.counted.name[0] == name[0] && strcmp(record->as.counted.name, name) == 0;
}

static uint16_t record_work(struct random *random, uint16_t crc)
{
	static struct record records[16], saved;
	char name[32];
	for (unsigned i = 0; i < 16; i++) {
		records[i] = (struct record){ &records[(i * 5 + 3) % 16], (enum colour)(i % 3), { { 0 } }, 1000 };
		records[i].as.counted.count = (int)i;
		print_to(records[i].as.counted.name, 32, "RECORD NUMBER %02u OF SIXTEEN", i);
	}
	for (int step = 0; step < 150; step++) {
		struct record *from = &records[random_below(random, 16)], *to = from->partner;
		if (step % 4 == 0)
			to = &records[random_below(random, 16)];
		saved = *to;
		transfer(from, to, (int64_t)random_below(random, 500));
		print_to(name, sizeof(name), "RECORD NUMBER %02d OF SIXTEEN", to->as.counted.count);
		CHECK(name_is(to, name) && name_is(&saved, name));
		CHECK(to->colour == saved.colour || to->colour == colour_after(saved.colour));
		crc = crc_update(crc, (uint32_t)to->balance ^ (uint32_t)to->colour << 16, 3);
	}
	int64_t sum = 0;
	for (unsigned i = 0; i < 16; i++)
		sum += records[i].balance;
	CHECK(sum == 16000);
	return crc;
}

int program(uint32_t rounds)
{
	uint16_t crc = 0;
	/* CRC-16/ARC. */
	for (const char *digit = "123456789"; *digit != 0; digit++)
		crc = crc_update(crc, (uint8_t)*digit, 1);
	CHECK(crc == 0xbb3d);
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		for (int i = 0; i < 3; i++) {
			crc = list_work(&random, crc);
			crc = state_work(&random, crc);
			crc = matrix_work(&random, crc);
			crc = record_work(&random, crc);
		}
	}
	print("mix %04x\n", crc);
	return 0;
}
