/* Diffie-Hellman on Curve25519 (RFC 7748) in five limbs of 51 bits. Both sides must come to the same secret. */
#include "program.h"

typedef uint64_t field[5];
typedef unsigned __int128 wide;

#define LIMB (((uint64_t)1 << 51) - 1)

static void add(field out, const field a, const field b)
{
	for (int i = 0; i < 5; i++)
		out[i] = a[i] + b[i];
}

/* With 8 p added, so that no limb is negative. */
static void subtract(field out, const field a, const field b)
{
	out[0] = a[0] + 0x3fffffffffff68 - b[0];
	for (int i = 1; i < 5; i++)
		out[i] = a[i] + 0x3ffffffffffff8 - b[i];
}

static void carry(field out, wide t[5])
{
	uint64_t over = 0;
	for (int i = 0; i < 5; i++) {
		t[i] += over;
		out[i] = (uint64_t)t[i] & LIMB;
		over = (uint64_t)(t[i] >> 51);
	}
	out[0] += over * 19;
	out[1] += out[0] >> 51;
	out[0] &= LIMB;
}

static void multiply(field out, const field a, const field b)
{
	uint64_t b19[5];
	wide t[5];
	for (int i = 0; i < 5; i++)
		b19[i] = b[i] * 19;
	for (int i = 0; i < 5; i++) {
		t[i] = 0;
		for (int j = 0; j < 5; j++)
			t[i] += (wide)a[j] * (j <= i ? b[i - j] : b19[i - j + 5]);
	}
	carry(out, t);
}

static void multiply_small(field out, const field a, uint32_t by)
{
	wide t[5];
	for (int i = 0; i < 5; i++)
		t[i] = (wide)a[i] * by;
	carry(out, t);
}

static void square_times(field out, const field a, int times)
{
	multiply(out, a, a);
	while (--times > 0)
		multiply(out, out, out);
}

/* a^(p - 2). */
static void invert(field out, const field a)
{
	field a2, a9, a11, x5, x10, x20, x50, x100, t;
	square_times(a2, a, 1);
	square_times(t, a2, 2);
	multiply(a9, t, a);
	multiply(a11, a9, a2);
	square_times(t, a11, 1);
	multiply(x5, t, a9);
	square_times(t, x5, 5);
	multiply(x10, t, x5);
	square_times(t, x10, 10);
	multiply(x20, t, x10);
	square_times(t, x20, 20);
	multiply(t, t, x20);
	square_times(t, t, 10);
	multiply(x50, t, x10);
	square_times(t, x50, 50);
	multiply(x100, t, x50);
	square_times(t, x100, 100);
	multiply(t, t, x100);
	square_times(t, t, 50);
	multiply(t, t, x50);
	square_times(t, t, 5);
	multiply(out, t, a11);
}

static void unpack(field out, const uint8_t bytes[32])
{
	uint64_t words[4] = { 0 };
	for (int i = 0; i < 32; i++)
		words[i / 8] |= (uint64_t)bytes[i] << (8 * (i % 8));
	out[0] = words[0] & LIMB;
	out[1] = (words[0] >> 51 | words[1] << 13) & LIMB;
	out[2] = (words[1] >> 38 | words[2] << 26) & LIMB;
	out[3] = (words[2] >> 25 | words[3] << 39) & LIMB;
	out[4] = words[3] >> 12 & LIMB;
}

static void pack(uint8_t bytes[32], const field a)
{
	uint64_t t[5], over = 19;
	memcpy(t, a, sizeof(t));
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < 4; i++) {
			t[i + 1] += t[i] >> 51;
			t[i] &= LIMB;
		}
		t[0] += 19 * (t[4] >> 51);
		t[4] &= LIMB;
	}
	/* t + 19 has bit 255 exactly where t is at least p. */
	for (int i = 0; i < 5; i++)
		over = (t[i] + over) >> 51;
	t[0] += 19 * over;
	for (int i = 0; i < 4; i++) {
		t[i + 1] += t[i] >> 51;
		t[i] &= LIMB;
	}
	t[4] &= LIMB;
	const uint64_t words[4] = { t[0] | t[1] << 51, t[1] >> 13 | t[2] << 38, t[2] >> 26 | t[3] << 25,
				    t[3] >> 39 | t[4] << 12 };
	for (int i = 0; i < 32; i++)
		bytes[i] = (uint8_t)(words[i / 8] >> (8 * (i % 8)));
}

static void swap_if(uint64_t condition, field a, field b)
{
	uint64_t mask = 0 - condition;
	for (int i = 0; i < 5; i++) {
		uint64_t t = (a[i] ^ b[i]) & mask;
		a[i] ^= t;
		b[i] ^= t;
	}
}

static void x25519(uint8_t out[32], const uint8_t scalar[32], const uint8_t point[32])
{
	uint8_t k[32];
	memcpy(k, scalar, 32);
	k[0] &= 248;
	k[31] = (k[31] & 127) | 64;
	field x1, x2 = { 1 }, z2 = { 0 }, x3, z3 = { 1 }, a, aa, b, bb, e, c, d, da, cb, t;
	unpack(x1, point);
	memcpy(x3, x1, sizeof(x3));
	uint64_t swapped = 0;
	for (int bit = 254; bit >= 0; bit--) {
		uint64_t set = k[bit / 8] >> (bit % 8) & 1;
		swap_if(swapped ^ set, x2, x3);
		swap_if(swapped ^ set, z2, z3);
		swapped = set;
		add(a, x2, z2);
		subtract(b, x2, z2);
		add(c, x3, z3);
		subtract(d, x3, z3);
		multiply(aa, a, a);
		multiply(bb, b, b);
		subtract(e, aa, bb);
		multiply(da, d, a);
		multiply(cb, c, b);
		add(t, da, cb);
		multiply(x3, t, t);
		subtract(t, da, cb);
		multiply(t, t, t);
		multiply(z3, x1, t);
		multiply(x2, aa, bb);
		multiply_small(t, e, 121665);
		add(t, aa, t);
		multiply(z2, e, t);
	}
	swap_if(swapped, x2, x3);
	swap_if(swapped, z2, z3);
	invert(t, z2);
	multiply(t, x2, t);
	pack(out, t);
}

static void from_text(uint8_t bytes[32], const char *text)
{
	for (int i = 0; i < 64; i++) {
		uint8_t digit = (uint8_t)(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
		bytes[i / 2] = (uint8_t)(bytes[i / 2] << 4 | digit);
	}
}

static void known_answer(const char *scalar, const char *point, const char *product)
{
	uint8_t k[32], u[32], expected[32], got[32];
	from_text(k, scalar);
	from_text(u, point);
	from_text(expected, product);
	x25519(got, k, u);
	CHECK(memcmp(got, expected, 32) == 0);
}

int program(uint32_t rounds)
{
	static const uint8_t base[32] = { 9 };
	uint8_t a[32], b[32], public_a[32], public_b[32], secret_a[32], secret_b[32];
	uint64_t hash = FNV_START;
	known_answer("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
		     "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
		     "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		for (int i = 0; i < 32; i++) {
			a[i] = (uint8_t)random_u32(&random);
			b[i] = (uint8_t)random_u32(&random);
		}
		x25519(public_a, a, base);
		x25519(public_b, b, base);
		x25519(secret_a, a, public_b);
		x25519(secret_b, b, public_a);
		CHECK(memcmp(secret_a, secret_b, 32) == 0);
		hash = fnv(hash, secret_a, 32);
	}
	print("x25519 %016llx\n", (unsigned long long)hash);
	return 0;
}
