/* LZSS with hash chains, its output coded by a canonical Huffman code; and back. The round trip must give the input. */
#include "program.h"

#define INPUT 24576
#define WINDOW 4096
#define SHORTEST 3
#define LONGEST 66
#define SYMBOLS (256 + LONGEST - SHORTEST + 1) /* Literals, then lengths. */
#define LONGEST_CODE 15
#define NONE 0xffff

static uint8_t input[INPUT], output[INPUT];
static uint8_t packed[INPUT * 2];

/* A token is a literal, or a length symbol and a distance. */
struct token {
	uint16_t symbol;
	uint16_t distance;
};
static struct token tokens[INPUT], decoded[INPUT];

/* Text of words with a skewed frequency, numbers, and now and then a copy of what stood before. */
static void make_input(struct random *random)
{
	static char words[128][12];
	for (int i = 0; i < 128; i++) {
		int length = 2 + (int)random_below(random, 9);
		for (int j = 0; j < length; j++)
			words[i][j] = (char)('a' + random_below(random, 26));
		words[i][length] = 0;
	}
	size_t at = 0;
	while (at < INPUT) {
		uint32_t kind = random_below(random, 100);
		if (kind < 4 && at > 512) {
			size_t from = random_below(random, (uint32_t)at - 256), count = 20 + random_below(random, 200);
			while (count-- > 0 && at < INPUT)
				input[at++] = input[from++];
			continue;
		}
		if (kind < 8) {
			input[at++] = (uint8_t)random_u32(random);
			continue;
		}
		uint32_t which = random_below(random, 128) * random_below(random, 128) / 128;
		for (const char *letter = words[which]; *letter != 0 && at < INPUT; letter++)
			input[at++] = (uint8_t)*letter;
		if (at < INPUT)
			input[at++] = kind < 15 ? '\n' : ' ';
	}
}

static uint16_t heads[4096], chain[INPUT];

static unsigned hash_at(const uint8_t *at)
{
	return ((at[0] | (unsigned)at[1] << 8 | (unsigned)at[2] << 16) * 2654435761u) >> 20;
}

static void enter(size_t at)
{
	if (at + SHORTEST > INPUT)
		return;
	unsigned hash = hash_at(input + at);
	chain[at] = heads[hash];
	heads[hash] = (uint16_t)at;
}

static size_t longest_match(size_t at, size_t *distance)
{
	size_t best = 0, limit = INPUT - at < LONGEST ? INPUT - at : LONGEST;
	if (limit < SHORTEST)
		return 0;
	int tries = 24;
	for (unsigned from = heads[hash_at(input + at)]; from != NONE && at - from <= WINDOW; from = chain[from]) {
		if (tries-- == 0)
			break;
		if (best > 0 && input[from + best] != input[at + best])
			continue;
		size_t length = 0;
		while (length < limit && input[from + length] == input[at + length])
			length++;
		if (length > best) {
			best = length;
			*distance = at - from;
			if (best == limit)
				break;
		}
	}
	return best >= SHORTEST ? best : 0;
}

static size_t find_tokens(void)
{
	size_t count = 0, at = 0;
	memset(heads, 0xff, sizeof(heads));
	while (at < INPUT) {
		size_t distance = 0, length = longest_match(at, &distance);
		if (length == 0) {
			tokens[count++] = (struct token){ input[at], 0 };
			enter(at++);
			continue;
		}
		tokens[count++] = (struct token){ (uint16_t)(256 + length - SHORTEST), (uint16_t)distance };
		for (; length > 0; length--)
			enter(at++);
	}
	return count;
}

/* Lengths of a Huffman code, by merging the two rarest again and again; retried with flatter counts if one is too long. */
static void code_lengths(const uint32_t *counts, uint8_t *lengths)
{
	static uint32_t weight[2 * SYMBOLS];
	static uint16_t parent[2 * SYMBOLS], live[SYMBOLS];
	for (unsigned flatten = 0;; flatten++) {
		unsigned alive = 0, next = SYMBOLS, longest = 0;
		for (unsigned i = 0; i < SYMBOLS; i++) {
			weight[i] = counts[i] == 0 ? 0 : (counts[i] >> flatten) + 1;
			if (weight[i] > 0)
				live[alive++] = (uint16_t)i;
		}
		while (alive > 1) {
			for (unsigned pick = 0; pick < 2; pick++) {
				unsigned least = pick;
				for (unsigned i = pick + 1; i < alive; i++)
					if (weight[live[i]] < weight[live[least]])
						least = i;
				uint16_t t = live[pick];
				live[pick] = live[least];
				live[least] = t;
			}
			weight[next] = weight[live[0]] + weight[live[1]];
			parent[live[0]] = parent[live[1]] = (uint16_t)next;
			live[0] = (uint16_t)next++;
			live[1] = live[--alive];
		}
		for (unsigned i = 0; i < SYMBOLS; i++) {
			unsigned length = 0;
			if (weight[i] > 0)
				for (unsigned node = i; node != next - 1; node = parent[node])
					length++;
			lengths[i] = (uint8_t)length;
			longest = length > longest ? length : longest;
		}
		if (longest <= LONGEST_CODE)
			return;
	}
}

struct code {
	uint16_t first[LONGEST_CODE + 2]; /* First code of a length. */
	uint16_t index[LONGEST_CODE + 2]; /* Where its symbols begin. */
	uint16_t symbols[SYMBOLS];
	uint16_t codes[SYMBOLS];
	uint8_t lengths[SYMBOLS];
};

static void make_canonical(struct code *code)
{
	unsigned next = 0, index = 0;
	for (unsigned length = 1; length <= LONGEST_CODE; length++) {
		next <<= 1;
		code->first[length] = (uint16_t)next;
		code->index[length] = (uint16_t)index;
		for (unsigned i = 0; i < SYMBOLS; i++)
			if (code->lengths[i] == length) {
				code->codes[i] = (uint16_t)next++;
				code->symbols[index++] = (uint16_t)i;
			}
	}
	code->first[LONGEST_CODE + 1] = 0;
	code->index[LONGEST_CODE + 1] = (uint16_t)index;
}

struct bits {
	uint8_t *at;
	uint64_t held;
	unsigned count;
};

static void put_bits(struct bits *bits, uint32_t value, unsigned count)
{
	bits->held = bits->held << count | value;
	bits->count += count;
	for (; bits->count >= 8; bits->count -= 8)
		*bits->at++ = (uint8_t)(bits->held >> (bits->count - 8));
}

static uint32_t get_bits(struct bits *bits, unsigned count)
{
	for (; bits->count < count; bits->count += 8)
		bits->held = bits->held << 8 | *bits->at++;
	bits->count -= count;
	return (uint32_t)(bits->held >> bits->count) & ((1u << count) - 1);
}

static struct code code;

static size_t pack(size_t count)
{
	static uint32_t counts[SYMBOLS];
	memset(counts, 0, sizeof(counts));
	for (size_t i = 0; i < count; i++)
		counts[tokens[i].symbol]++;
	code_lengths(counts, code.lengths);
	make_canonical(&code);
	struct bits bits = { packed, 0, 0 };
	put_bits(&bits, (uint32_t)count, 24);
	for (unsigned i = 0; i < SYMBOLS; i++)
		put_bits(&bits, code.lengths[i], 4);
	for (size_t i = 0; i < count; i++) {
		put_bits(&bits, code.codes[tokens[i].symbol], code.lengths[tokens[i].symbol]);
		if (tokens[i].symbol >= 256)
			put_bits(&bits, tokens[i].distance - 1u, 12);
	}
	put_bits(&bits, 0, 7);
	return (size_t)(bits.at - packed);
}

static size_t unpack(void)
{
	struct bits bits = { packed, 0, 0 };
	size_t count = get_bits(&bits, 24);
	for (unsigned i = 0; i < SYMBOLS; i++)
		code.lengths[i] = (uint8_t)get_bits(&bits, 4);
	make_canonical(&code);
	for (size_t i = 0; i < count; i++) {
		unsigned value = 0, length = 0, offset;
		do {
			value = value << 1 | get_bits(&bits, 1);
			length++;
			CHECK(length <= LONGEST_CODE);
			offset = value - code.first[length];
		} while (value < code.first[length] || offset >= (unsigned)(code.index[length + 1] - code.index[length]));
		decoded[i].symbol = code.symbols[code.index[length] + offset];
		decoded[i].distance = decoded[i].symbol >= 256 ? (uint16_t)(get_bits(&bits, 12) + 1) : 0;
	}
	return count;
}

static size_t expand(size_t count)
{
	size_t at = 0;
	for (size_t i = 0; i < count; i++) {
		if (decoded[i].symbol < 256) {
			output[at++] = (uint8_t)decoded[i].symbol;
			continue;
		}
		for (unsigned left = decoded[i].symbol - 256 + SHORTEST; left > 0; left--, at++)
			output[at] = output[at - decoded[i].distance];
	}
	return at;
}

int program(uint32_t rounds)
{
	uint64_t hash = FNV_START;
	size_t total = 0;
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		make_input(&random);
		size_t count = find_tokens(), bytes = pack(count);
		CHECK(bytes < INPUT * 3 / 4);
		memset(&code, 0, sizeof(code));
		CHECK(unpack() == count);
		CHECK(expand(count) == INPUT);
		CHECK(memcmp(input, output, INPUT) == 0);
		total += bytes;
		hash = fnv(hash, packed, 64);
	}
	print("lzss %u of %u KiB, %016llx\n", (unsigned)(total >> 10), rounds * (INPUT >> 10), (unsigned long long)hash);
	return 0;
}
