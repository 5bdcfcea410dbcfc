/* SHA-256 (FIPS 180-4) over growing messages, and HMAC (RFC 2104). Checked against published vectors. */
#include "program.h"

struct sha256 {
	uint32_t state[8];
	uint64_t bytes;
	uint8_t block[64];
};

static const uint32_t round_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, unsigned by)
{
	return x >> by | x << (32 - by);
}

static void sha256_block(uint32_t state[8], const uint8_t *block)
{
	uint32_t w[64];
	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
		       (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (int i = 16; i < 64; i++) {
		uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
		uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
		w[i] = w[i - 16] + s0 + w[i - 7] + s1;
	}
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
	uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
	for (int i = 0; i < 64; i++) {
		uint32_t sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
		uint32_t t1 = h + sum1 + ((e & f) ^ (~e & g)) + round_constants[i] + w[i];
		uint32_t sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
		uint32_t t2 = sum0 + ((a & b) ^ (a & c) ^ (b & c));
		h = g;
		g = f;
		f = e;
		e = d + t1;
		d = c;
		c = b;
		b = a;
		a = t1 + t2;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
}

static void sha256_start(struct sha256 *sha)
{
	static const uint32_t initial[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
	memcpy(sha->state, initial, sizeof(initial));
	sha->bytes = 0;
}

static void sha256_add(struct sha256 *sha, const void *data, size_t count)
{
	const uint8_t *at = data;
	size_t held = sha->bytes % 64;
	sha->bytes += count;
	if (held > 0) {
		size_t part = 64 - held < count ? 64 - held : count;
		memcpy(sha->block + held, at, part);
		at += part;
		count -= part;
		if (held + part < 64)
			return;
		sha256_block(sha->state, sha->block);
	}
	for (; count >= 64; count -= 64, at += 64)
		sha256_block(sha->state, at);
	memcpy(sha->block, at, count);
}

static void sha256_end(struct sha256 *sha, uint8_t digest[32])
{
	uint64_t bits = sha->bytes * 8;
	uint8_t tail[72] = { 0x80 };
	size_t padding = (sha->bytes % 64 < 56 ? 56 : 120) - sha->bytes % 64;
	for (int i = 0; i < 8; i++)
		tail[padding + i] = (uint8_t)(bits >> (56 - 8 * i));
	sha256_add(sha, tail, padding + 8);
	for (int i = 0; i < 32; i++)
		digest[i] = (uint8_t)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
}

static void sha256(const void *data, size_t count, uint8_t digest[32])
{
	struct sha256 sha;
	sha256_start(&sha);
	sha256_add(&sha, data, count);
	sha256_end(&sha, digest);
}

static void hmac(const uint8_t *key, size_t key_bytes, const void *data, size_t count, uint8_t digest[32])
{
	uint8_t inner[64] = { 0 }, outer[64];
	struct sha256 sha;
	memcpy(inner, key, key_bytes);
	for (int i = 0; i < 64; i++) {
		outer[i] = inner[i] ^ 0x5c;
		inner[i] ^= 0x36;
	}
	sha256_start(&sha);
	sha256_add(&sha, inner, 64);
	sha256_add(&sha, data, count);
	sha256_end(&sha, digest);
	sha256_start(&sha);
	sha256_add(&sha, outer, 64);
	sha256_add(&sha, digest, 32);
	sha256_end(&sha, digest);
}

static bool is(const uint8_t digest[32], const char *hexadecimal)
{
	char text[65];
	for (int i = 0; i < 32; i++)
		print_to(text + 2 * i, 3, "%02x", digest[i]);
	return strcmp(text, hexadecimal) == 0;
}

static void known_answers(void)
{
	uint8_t digest[32];
	sha256("", 0, digest);
	CHECK(is(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
	sha256("abc", 3, digest);
	CHECK(is(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, digest);
	CHECK(is(digest, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
	/* RFC 4231, test case 2. */
	hmac((const uint8_t *)"Jefe", 4, "what do ya want for nothing?", 28, digest);
	CHECK(is(digest, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
}

int program(uint32_t rounds)
{
	static uint8_t message[14000];
	uint8_t whole[32], parts[32], chain[32] = { 0 };
	known_answers();
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		for (size_t i = 0; i < sizeof(message); i++)
			message[i] = (uint8_t)(i * 31 + round) ^ chain[i % 32];
		sha256(message, sizeof(message), whole);
		/* The same message in pieces of any size. */
		struct sha256 sha;
		sha256_start(&sha);
		for (size_t at = 0; at < sizeof(message);) {
			size_t piece = 1 + random_below(&random, 200);
			if (piece > sizeof(message) - at)
				piece = sizeof(message) - at;
			sha256_add(&sha, message + at, piece);
			at += piece;
		}
		sha256_end(&sha, parts);
		CHECK(memcmp(whole, parts, 32) == 0);
		hmac(chain, 32, whole, 32, chain);
	}
	print("sha256 %016llx\n", (unsigned long long)fnv(FNV_START, chain, 32));
	return 0;
}
