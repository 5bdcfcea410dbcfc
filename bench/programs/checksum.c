/* Checksums of blocks: CRC-16, -32 and -64, Adler-32, Fletcher-64, SipHash-2-4 and BLAKE2s; some by several ways, which must agree. */
#include "program.h"

static uint32_t crc_tables[4][256];
static uint16_t ccitt_table[256];
static uint64_t crc64_table[256];

static void make_tables(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i, ccitt = i << 8;
		uint64_t crc64 = i;
		for (int bit = 0; bit < 8; bit++) {
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
			ccitt = ccitt & 0x8000 ? ccitt << 1 ^ 0x1021 : ccitt << 1;
			crc64 = crc64 & 1 ? crc64 >> 1 ^ 0xc96c5795d7870f42u : crc64 >> 1;
		}
		crc_tables[0][i] = crc;
		ccitt_table[i] = (uint16_t)ccitt;
		crc64_table[i] = crc64;
	}
	for (int i = 0; i < 256; i++)
		for (int k = 1; k < 4; k++) {
			uint32_t before = crc_tables[k - 1][i];
			crc_tables[k][i] = before >> 8 ^ crc_tables[0][before & 255];
		}
}

static uint32_t crc32_by_bits(const uint8_t *data, size_t count)
{
	uint32_t crc = 0xffffffff;
	while (count-- > 0) {
		crc ^= *data++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xedb88320 & (0 - (crc & 1)));
	}
	return ~crc;
}

static uint32_t crc32_by_bytes(const uint8_t *data, size_t count)
{
	uint32_t crc = 0xffffffff;
	while (count-- > 0)
		crc = crc >> 8 ^ crc_tables[0][(crc ^ *data++) & 255];
	return ~crc;
}

/* Four bytes at once. */
static uint32_t crc32_sliced(const uint8_t *data, size_t count)
{
	uint32_t crc = 0xffffffff;
	for (; count >= 4; count -= 4, data += 4) {
		crc ^= data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
		crc = crc_tables[3][crc & 255] ^ crc_tables[2][crc >> 8 & 255] ^ crc_tables[1][crc >> 16 & 255] ^
		      crc_tables[0][crc >> 24];
	}
	while (count-- > 0)
		crc = crc >> 8 ^ crc_tables[0][(crc ^ *data++) & 255];
	return ~crc;
}

static uint16_t crc16(const uint8_t *data, size_t count)
{
	uint16_t crc = 0xffff;
	while (count-- > 0)
		crc = (uint16_t)(crc << 8 ^ ccitt_table[crc >> 8 ^ *data++]);
	return crc;
}

static uint64_t crc64(const uint8_t *data, size_t count)
{
	uint64_t crc = ~(uint64_t)0;
	while (count-- > 0)
		crc = crc >> 8 ^ crc64_table[(uint8_t)crc ^ *data++];
	return ~crc;
}

static uint32_t adler32(const uint8_t *data, size_t count)
{
	uint32_t a = 1, b = 0;
	while (count > 0) {
		/* The most additions that cannot overflow. */
		size_t part = count < 5552 ? count : 5552;
		for (count -= part; part > 0; part--) {
			a += *data++;
			b += a;
		}
		a %= 65521;
		b %= 65521;
	}
	return b << 16 | a;
}

static uint32_t adler32_plainly(const uint8_t *data, size_t count)
{
	uint32_t a = 1, b = 0;
	while (count-- > 0) {
		a = (a + *data++) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

static uint64_t fletcher64(const uint8_t *data, size_t count)
{
	uint64_t a = 0, b = 0;
	for (; count >= 4; count -= 4, data += 4) {
		uint32_t word;
		memcpy(&word, data, 4);
		a = (a + word) % 0xffffffff;
		b = (b + a) % 0xffffffff;
	}
	return b << 32 | a;
}

static uint64_t rotate64(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate64(v[1], 13) ^ v[0];
	v[0] = rotate64(v[0], 32);
	v[2] += v[3];
	v[3] = rotate64(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate64(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate64(v[1], 17) ^ v[2];
	v[2] = rotate64(v[2], 32);
}

/* Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012). */
static uint64_t siphash(const uint64_t key[2], const uint8_t *data, size_t count)
{
	uint64_t v[4] = { key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du, key[0] ^ 0x6c7967656e657261u,
			  key[1] ^ 0x7465646279746573u };
	uint64_t last = (uint64_t)count << 56;
	for (; count >= 8; count -= 8, data += 8) {
		uint64_t word = 0;
		for (int i = 0; i < 8; i++)
			word |= (uint64_t)data[i] << (8 * i);
		v[3] ^= word;
		sip_round(v);
		sip_round(v);
		v[0] ^= word;
	}
	for (size_t i = 0; i < count; i++)
		last |= (uint64_t)data[i] << (8 * i);
	v[3] ^= last;
	sip_round(v);
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static const uint32_t blake_start[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
static const uint8_t blake_order[10][16] = {
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 }, { 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
	{ 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4 }, { 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8 },
	{ 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13 }, { 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9 },
	{ 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11 }, { 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10 },
	{ 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5 }, { 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0 },
};

static uint32_t rotate32(uint32_t x, unsigned by)
{
	return x >> by | x << (32 - by);
}

static void blake_mix(uint32_t v[16], int a, int b, int c, int d, uint32_t x, uint32_t y)
{
	v[a] += v[b] + x;
	v[d] = rotate32(v[d] ^ v[a], 16);
	v[c] += v[d];
	v[b] = rotate32(v[b] ^ v[c], 12);
	v[a] += v[b] + y;
	v[d] = rotate32(v[d] ^ v[a], 8);
	v[c] += v[d];
	v[b] = rotate32(v[b] ^ v[c], 7);
}

static void blake_block(uint32_t state[8], const uint8_t *block, uint64_t total, bool last)
{
	uint32_t v[16], m[16];
	for (int i = 0; i < 16; i++)
		m[i] = block[4 * i] | (uint32_t)block[4 * i + 1] << 8 | (uint32_t)block[4 * i + 2] << 16 |
		       (uint32_t)block[4 * i + 3] << 24;
	for (int i = 0; i < 8; i++) {
		v[i] = state[i];
		v[i + 8] = blake_start[i];
	}
	v[12] ^= (uint32_t)total;
	v[13] ^= (uint32_t)(total >> 32);
	if (last)
		v[14] = ~v[14];
	for (int round = 0; round < 10; round++) {
		const uint8_t *s = blake_order[round];
		for (int i = 0; i < 4; i++)
			blake_mix(v, i, 4 + i, 8 + i, 12 + i, m[s[2 * i]], m[s[2 * i + 1]]);
		for (int i = 0; i < 4; i++)
			blake_mix(v, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[s[8 + 2 * i]],
				  m[s[9 + 2 * i]]);
	}
	for (int i = 0; i < 8; i++)
		state[i] ^= v[i] ^ v[i + 8];
}

/* RFC 7693, 32 bytes, no key. */
static void blake2s(const uint8_t *data, size_t count, uint32_t state[8])
{
	uint8_t block[64] = { 0 };
	uint64_t total = 0;
	memcpy(state, blake_start, sizeof(blake_start));
	state[0] ^= 0x01010020;
	for (; count > 64; count -= 64, data += 64)
		blake_block(state, data, total += 64, false);
	memcpy(block, data, count);
	blake_block(state, block, total + count, true);
}

static void known_answers(void)
{
	static const uint8_t digits[] = "123456789";
	static const uint64_t key[2] = { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u };
	uint8_t bytes[15];
	uint32_t state[8];
	for (uint8_t i = 0; i < 15; i++)
		bytes[i] = i;
	CHECK(crc32_by_bits(digits, 9) == 0xcbf43926);
	CHECK(crc32_by_bytes(digits, 9) == 0xcbf43926 && crc32_sliced(digits, 9) == 0xcbf43926);
	CHECK(crc16(digits, 9) == 0x29b1);
	CHECK(crc64(digits, 9) == 0x995dc9bbdf1939fau);
	CHECK(adler32((const uint8_t *)"Wikipedia", 9) == 0x11e60398);
	CHECK(siphash(key, bytes, 15) == 0xa129ca6149be45e5u);
	blake2s((const uint8_t *)"abc", 3, state);
	CHECK(state[0] == 0x8c5e8c50 && state[1] == 0xe2147c32 && state[7] == 0x82596786);
}

#define BYTES 6000

int program(uint32_t rounds)
{
	static uint8_t data[BYTES];
	uint64_t hash = FNV_START;
	make_tables();
	known_answers();
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		uint64_t key[2] = { random_u64(&random), random_u64(&random) };
		size_t count = BYTES - random_below(&random, 70);
		for (size_t i = 0; i < count; i++)
			data[i] = (uint8_t)(random_u64(&random) >> 56);
		uint32_t crc = crc32_sliced(data, count), state[8];
		CHECK(crc == crc32_by_bytes(data, count));
		CHECK(crc32_by_bits(data, 500) == crc32_by_bytes(data, 500));
		CHECK(adler32(data, count) == adler32_plainly(data, count));
		blake2s(data, count, state);
		uint64_t sums[] = { crc,		     crc16(data, count),	crc64(data, count), adler32(data, count),
				    fletcher64(data, count), siphash(key, data, count), state[0] };
		hash = fnv(hash, sums, sizeof(sums));
		/* Any one bit that changes is seen by all of them. */
		uint32_t bit = random_below(&random, (uint32_t)(count - 8) * 8);
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(crc32_sliced(data, count) != crc && crc16(data, count) != sums[1]);
		CHECK(crc64(data, count) != sums[2] && adler32(data, count) != sums[3]);
		CHECK(fletcher64(data, count) != sums[4] && siphash(key, data, count) != sums[5]);
	}
	print("checksum %016llx\n", (unsigned long long)hash);
	return 0;
}
