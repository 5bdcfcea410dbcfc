/* AES-128 (FIPS 197) by bytes, as small kernels have it, in CTR and CBC modes (SP 800-38A). */
#include "program.h"

static uint8_t sbox[256], inverse[256];

static uint8_t times2(uint8_t x)
{
	return (uint8_t)(x << 1 ^ (x >> 7) * 0x1b);
}

static uint8_t multiply(uint8_t x, uint8_t y)
{
	uint8_t product = 0;
	for (; y != 0; y >>= 1, x = times2(x))
		if (y & 1)
			product ^= x;
	return product;
}

/* The S-box from its definition: the inverse in GF(2^8), then an affine map. */
static void make_sboxes(void)
{
	uint8_t power = 1, inverse_power = 1;
	do {
		power = multiply(power, 3);
		inverse_power = multiply(inverse_power, 0xf6);
		uint8_t x = inverse_power, y = x;
		for (int i = 0; i < 4; i++) {
			y = (uint8_t)(y << 1 | y >> 7);
			x ^= y;
		}
		sbox[power] = x ^ 0x63;
	} while (power != 1);
	sbox[0] = 0x63;
	for (int i = 0; i < 256; i++)
		inverse[sbox[i]] = (uint8_t)i;
}

static void expand_key(const uint8_t key[16], uint8_t keys[176])
{
	uint8_t constant = 1;
	memcpy(keys, key, 16);
	for (int i = 16; i < 176; i += 4) {
		uint8_t t[4] = { keys[i - 4], keys[i - 3], keys[i - 2], keys[i - 1] };
		if (i % 16 == 0) {
			uint8_t first = t[0];
			t[0] = sbox[t[1]] ^ constant;
			t[1] = sbox[t[2]];
			t[2] = sbox[t[3]];
			t[3] = sbox[first];
			constant = times2(constant);
		}
		for (int j = 0; j < 4; j++)
			keys[i + j] = keys[i + j - 16] ^ t[j];
	}
}

static void add_key(uint8_t s[16], const uint8_t *key)
{
	for (int i = 0; i < 16; i++)
		s[i] ^= key[i];
}

static void encrypt(const uint8_t keys[176], const uint8_t in[16], uint8_t out[16])
{
	uint8_t s[16], t[16];
	memcpy(s, in, 16);
	add_key(s, keys);
	for (int round = 1; round <= 10; round++) {
		for (int i = 0; i < 16; i++)
			t[i] = sbox[s[(i + 4 * (i % 4)) % 16]];
		for (int column = 0; round < 10 && column < 16; column += 4) {
			uint8_t *c = t + column, all = c[0] ^ c[1] ^ c[2] ^ c[3], first = c[0];
			c[0] ^= all ^ times2(c[0] ^ c[1]);
			c[1] ^= all ^ times2(c[1] ^ c[2]);
			c[2] ^= all ^ times2(c[2] ^ c[3]);
			c[3] ^= all ^ times2(c[3] ^ first);
		}
		memcpy(s, t, 16);
		add_key(s, keys + 16 * round);
	}
	memcpy(out, s, 16);
}

static void decrypt(const uint8_t keys[176], const uint8_t in[16], uint8_t out[16])
{
	uint8_t s[16], t[16];
	memcpy(s, in, 16);
	for (int round = 10; round >= 1; round--) {
		add_key(s, keys + 16 * round);
		for (int column = 0; round < 10 && column < 16; column += 4) {
			uint8_t *c = s + column;
			uint8_t even = times2(times2(c[0] ^ c[2])), odd = times2(times2(c[1] ^ c[3]));
			c[0] ^= even;
			c[1] ^= odd;
			c[2] ^= even;
			c[3] ^= odd;
			uint8_t all = c[0] ^ c[1] ^ c[2] ^ c[3], first = c[0];
			c[0] ^= all ^ times2(c[0] ^ c[1]);
			c[1] ^= all ^ times2(c[1] ^ c[2]);
			c[2] ^= all ^ times2(c[2] ^ c[3]);
			c[3] ^= all ^ times2(c[3] ^ first);
		}
		for (int i = 0; i < 16; i++)
			t[(i + 4 * (i % 4)) % 16] = inverse[s[i]];
		memcpy(s, t, 16);
	}
	add_key(s, keys);
	memcpy(out, s, 16);
}

static void known_answers(void)
{
	/* FIPS 197, appendix C.1. */
	static const uint8_t expected[16] = { 0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30,
					      0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5, 0x5a };
	uint8_t key[16], keys[176], text[16], block[16];
	for (int i = 0; i < 16; i++) {
		key[i] = (uint8_t)i;
		text[i] = (uint8_t)(i * 0x11);
	}
	expand_key(key, keys);
	encrypt(keys, text, block);
	CHECK(memcmp(block, expected, 16) == 0);
	decrypt(keys, block, block);
	CHECK(memcmp(block, text, 16) == 0);
}

#define BYTES 2048

static void cbc(const uint8_t keys[176], uint8_t vector[16], const uint8_t *in, uint8_t *out)
{
	uint8_t chained[16];
	memcpy(chained, vector, 16);
	for (int at = 0; at < BYTES; at += 16) {
		for (int i = 0; i < 16; i++)
			chained[i] ^= in[at + i];
		encrypt(keys, chained, chained);
		memcpy(out + at, chained, 16);
	}
}

static void cbc_back(const uint8_t keys[176], uint8_t vector[16], const uint8_t *in, uint8_t *out)
{
	for (int at = 0; at < BYTES; at += 16) {
		decrypt(keys, in + at, out + at);
		for (int i = 0; i < 16; i++)
			out[at + i] ^= at == 0 ? vector[i] : in[at - 16 + i];
	}
}

static void ctr(const uint8_t keys[176], const uint8_t nonce[16], const uint8_t *in, uint8_t *out)
{
	uint8_t counter[16], stream[16];
	memcpy(counter, nonce, 16);
	for (int at = 0; at < BYTES; at += 16) {
		encrypt(keys, counter, stream);
		for (int i = 0; i < 16; i++)
			out[at + i] = in[at + i] ^ stream[i];
		for (int i = 15; i >= 0 && ++counter[i] == 0; i--)
			;
	}
}

int program(uint32_t rounds)
{
	static uint8_t text[BYTES], coded[BYTES], again[BYTES];
	uint8_t key[16], keys[176], vector[16];
	uint64_t hash = FNV_START;
	make_sboxes();
	known_answers();
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		for (int i = 0; i < 16; i++) {
			key[i] = (uint8_t)random_u32(&random);
			vector[i] = (uint8_t)random_u32(&random);
		}
		for (int i = 0; i < BYTES; i++)
			text[i] = (uint8_t)(i ^ i >> 8 ^ (int)round);
		expand_key(key, keys);
		cbc(keys, vector, text, coded);
		hash = fnv(hash, coded + BYTES - 16, 16);
		cbc_back(keys, vector, coded, again);
		CHECK(memcmp(again, text, BYTES) == 0);
		ctr(keys, vector, text, coded);
		CHECK(memcmp(coded, text, BYTES) != 0);
		hash = fnv(hash, coded + BYTES - 16, 16);
		ctr(keys, vector, coded, again);
		CHECK(memcmp(again, text, BYTES) == 0);
	}
	print("aes %016llx\n", (unsigned long long)hash);
	return 0;
}
