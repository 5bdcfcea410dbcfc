/*
 * RSA with a modulus of 512 bits: Montgomery multiplication (CIOS) on words of 64 bits, fixed windows for the private
 * exponent. A message encrypted and decrypted, and signed and verified, must come back.
 */
#include "program.h"

#define WORDS 8

typedef uint64_t number[WORDS];
typedef unsigned __int128 wide;

/* A key made for this program; lowest word first. The public exponent is 65537. */
static const number modulus = {
	0x9cfe5b39d87d7d47, 0x4266c31d60bcabf7, 0x17e8aef002646940, 0xde1859f82ad6dd13,
	0x7ce12582ceb901ff, 0x23cd337450b15593, 0x42987b74ff2428de, 0xbac20ab31cc69d7a,
};
static const number private_exponent = {
	0x02fc9c728333dae1, 0xfa39ac19c1d0544c, 0x2c1df5cf92d6fcdc, 0xbd30080e742a6ead,
	0xb899eb31de3e2aac, 0x80182cfab672dc2f, 0x4dc7503f2523252d, 0x1bc9793c1320fe17,
};
static const number known_message = {
	0x636f6d6520746f2e, 0x6573206d75737420, 0x626f746820736964, 0x6572207468617420,
	0x546865206e756d62, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000,
};
static const number known_cipher = {
	0x4f49cb45cfa3e210, 0xc36d558d82cb9579, 0x205ed51538364909, 0xd7d5b4b444e7b54a,
	0x5c4cb58b49d79c0a, 0xbc23aea6443f5858, 0xeed3199fda99fdce, 0x286126b7f8be7baf,
};

static int compare(const number a, const number b)
{
	for (int i = WORDS; i-- > 0;)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

static uint64_t subtract(number out, const number a, const number b)
{
	uint64_t borrow = 0;
	for (int i = 0; i < WORDS; i++) {
		wide difference = (wide)a[i] - b[i] - borrow;
		out[i] = (uint64_t)difference;
		borrow = (uint64_t)(difference >> 64) & 1;
	}
	return borrow;
}

/* 2 a modulo the modulus, for a below it. */
static void twice(number a)
{
	uint64_t carry = 0;
	for (int i = 0; i < WORDS; i++) {
		uint64_t high = a[i] >> 63;
		a[i] = a[i] << 1 | carry;
		carry = high;
	}
	if (carry != 0 || compare(a, modulus) >= 0)
		subtract(a, a, modulus);
}

struct montgomery {
	uint64_t inverse; /* -1 / modulus, modulo 2^64. */
	number one, square; /* R and R^2, modulo the modulus, for R = 2^512. */
};

static void montgomery_init(struct montgomery *m)
{
	uint64_t inverse = 1;
	for (int i = 0; i < 6; i++)
		inverse *= 2 - modulus[0] * inverse;
	m->inverse = 0 - inverse;
	memset(m->one, 0, sizeof(m->one));
	m->one[0] = 1;
	for (int i = 0; i < 64 * WORDS; i++)
		twice(m->one);
	memcpy(m->square, m->one, sizeof(m->one));
	for (int i = 0; i < 64 * WORDS; i++)
		twice(m->square);
}

/* a b / R. */
static void multiply(const struct montgomery *m, number out, const number a, const number b)
{
	uint64_t t[WORDS + 2] = { 0 };
	for (int i = 0; i < WORDS; i++) {
		uint64_t carry = 0;
		for (int j = 0; j < WORDS; j++) {
			wide sum = (wide)a[j] * b[i] + t[j] + carry;
			t[j] = (uint64_t)sum;
			carry = (uint64_t)(sum >> 64);
		}
		wide top = (wide)t[WORDS] + carry;
		t[WORDS] = (uint64_t)top;
		t[WORDS + 1] = (uint64_t)(top >> 64);
		uint64_t factor = t[0] * m->inverse;
		carry = (uint64_t)(((wide)factor * modulus[0] + t[0]) >> 64);
		for (int j = 1; j < WORDS; j++) {
			wide sum = (wide)factor * modulus[j] + t[j] + carry;
			t[j - 1] = (uint64_t)sum;
			carry = (uint64_t)(sum >> 64);
		}
		top = (wide)t[WORDS] + carry;
		t[WORDS - 1] = (uint64_t)top;
		t[WORDS] = t[WORDS + 1] + (uint64_t)(top >> 64);
	}
	if (t[WORDS] != 0 || compare(t, modulus) >= 0)
		subtract(out, t, modulus);
	else
		memcpy(out, t, sizeof(number));
}

static void power_public(const struct montgomery *m, number out, const number message)
{
	static const number plain_one = { 1 };
	number base, result;
	multiply(m, base, message, m->square);
	memcpy(result, base, sizeof(result));
	for (int i = 0; i < 16; i++)
		multiply(m, result, result, result);
	multiply(m, result, result, base);
	multiply(m, out, result, plain_one);
}

static void power_private(const struct montgomery *m, number out, const number message)
{
	static const number plain_one = { 1 };
	static number powers[16];
	number result;
	memcpy(powers[0], m->one, sizeof(number));
	multiply(m, powers[1], message, m->square);
	for (int i = 2; i < 16; i++)
		multiply(m, powers[i], powers[i - 1], powers[1]);
	memcpy(result, m->one, sizeof(number));
	for (int digit = 16 * WORDS; digit-- > 0;) {
		for (int i = 0; i < 4; i++)
			multiply(m, result, result, result);
		multiply(m, result, result, powers[private_exponent[digit / 16] >> (digit % 16 * 4) & 15]);
	}
	multiply(m, out, result, plain_one);
}

int program(uint32_t rounds)
{
	struct montgomery m;
	number message, cipher, again;
	uint64_t hash = FNV_START;
	montgomery_init(&m);
	power_public(&m, cipher, known_message);
	CHECK(compare(cipher, known_cipher) == 0);
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		for (int i = 0; i < WORDS; i++)
			message[i] = random_u64(&random);
		message[WORDS - 1] >>= 1;
		CHECK(compare(message, modulus) < 0);
		power_public(&m, cipher, message);
		power_private(&m, again, cipher);
		CHECK(compare(again, message) == 0);
		hash = fnv(hash, cipher, sizeof(cipher));
		power_private(&m, cipher, message);
		power_public(&m, again, cipher);
		CHECK(compare(again, message) == 0);
		hash = fnv(hash, cipher, sizeof(cipher));
	}
	print("rsa %016llx\n", (unsigned long long)hash);
	return 0;
}
