/*
 * An adaptive binary range coder (as LZMA has it) under a model that learns, bit by bit, what follows a byte. What is
 * decoded must be what was encoded; the coder must beat the plain entropy of the bytes.
 */
#include "program.h"

#define INPUT 6000
#define CONTEXTS 128
#define PROBABILITY_BITS 11
#define MOVE 5
#define TOP ((uint32_t)1 << 24)

static uint16_t model[CONTEXTS][256];

static void reset_model(void)
{
	for (int i = 0; i < CONTEXTS; i++)
		for (int j = 0; j < 256; j++)
			model[i][j] = 1 << (PROBABILITY_BITS - 1);
}

struct encoder {
	uint64_t low;
	uint32_t range;
	uint8_t cache;
	uint32_t pending;
	uint8_t *at;
};

static void shift_low(struct encoder *encoder)
{
	if ((uint32_t)encoder->low < 0xff000000u || encoder->low >> 32 != 0) {
		uint8_t carry = (uint8_t)(encoder->low >> 32), byte = encoder->cache;
		do {
			*encoder->at++ = byte + carry;
			byte = 0xff;
		} while (--encoder->pending != 0);
		encoder->cache = (uint8_t)(encoder->low >> 24);
	}
	encoder->pending++;
	encoder->low = (uint32_t)encoder->low << 8;
}

static void encode_bit(struct encoder *encoder, uint16_t *probability, unsigned bit)
{
	uint32_t bound = (encoder->range >> PROBABILITY_BITS) * *probability;
	if (bit == 0) {
		encoder->range = bound;
		*probability += ((1 << PROBABILITY_BITS) - *probability) >> MOVE;
	} else {
		encoder->low += bound;
		encoder->range -= bound;
		*probability -= *probability >> MOVE;
	}
	while (encoder->range < TOP) {
		encoder->range <<= 8;
		shift_low(encoder);
	}
}

struct decoder {
	uint32_t range, code;
	const uint8_t *at;
};

static unsigned decode_bit(struct decoder *decoder, uint16_t *probability)
{
	uint32_t bound = (decoder->range >> PROBABILITY_BITS) * *probability;
	unsigned bit;
	if (decoder->code < bound) {
		decoder->range = bound;
		*probability += ((1 << PROBABILITY_BITS) - *probability) >> MOVE;
		bit = 0;
	} else {
		decoder->range -= bound;
		decoder->code -= bound;
		*probability -= *probability >> MOVE;
		bit = 1;
	}
	while (decoder->range < TOP) {
		decoder->range <<= 8;
		decoder->code = decoder->code << 8 | *decoder->at++;
	}
	return bit;
}

static size_t encode(const uint8_t *bytes, uint8_t *out)
{
	struct encoder encoder = { 0, 0xffffffff, 0, 1, out };
	unsigned last = 0;
	reset_model();
	for (int i = 0; i < INPUT; i++) {
		uint16_t *probabilities = model[last % CONTEXTS];
		unsigned node = 1;
		for (int bit = 7; bit >= 0; bit--) {
			unsigned value = bytes[i] >> bit & 1;
			encode_bit(&encoder, &probabilities[node], value);
			node = node << 1 | value;
		}
		last = bytes[i];
	}
	for (int i = 0; i < 5; i++)
		shift_low(&encoder);
	return (size_t)(encoder.at - out);
}

static void decode(const uint8_t *in, uint8_t *bytes)
{
	struct decoder decoder = { 0xffffffff, 0, in + 1 };
	unsigned last = 0;
	reset_model();
	for (int i = 0; i < 4; i++)
		decoder.code = decoder.code << 8 | *decoder.at++;
	for (int i = 0; i < INPUT; i++) {
		uint16_t *probabilities = model[last % CONTEXTS];
		unsigned node = 1;
		while (node < 256)
			node = node << 1 | decode_bit(&decoder, &probabilities[node]);
		bytes[i] = (uint8_t)node;
		last = bytes[i];
	}
}

/* A walk through a small grammar: each byte depends on the one before. */
static void make_input(struct random *random, uint8_t *bytes)
{
	unsigned state = 0;
	for (int i = 0; i < INPUT; i++) {
		state = (state * 5 + 1 + random_below(random, 3) * random_below(random, 3)) % 61;
		bytes[i] = (uint8_t)(32 + state);
	}
}

int program(uint32_t rounds)
{
	static uint8_t input[INPUT], coded[2 * INPUT], output[INPUT];
	uint64_t hash = FNV_START, total = 0;
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		make_input(&random, input);
		size_t bytes = encode(input, coded);
		/* 61 symbols alike would be 5.93 bits a byte. */
		CHECK(bytes * 8 < INPUT * 5);
		memset(output, 0, INPUT);
		decode(coded, output);
		CHECK(memcmp(input, output, INPUT) == 0);
		total += bytes;
		hash = fnv(hash, coded, bytes);
	}
	print("rangecoder %llu of %llu bytes, %016llx\n", (unsigned long long)total,
	      (unsigned long long)rounds * INPUT, (unsigned long long)hash);
	return 0;
}
