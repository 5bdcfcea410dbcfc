/*
 * Matrices: products and LU decomposition modulo a prime, products in fixed point, a convolution by number-theoretic
 * transform, and a CRC of what comes out. Checked by Freivalds' test, by solving, and by convolving term by term.
 */
#include "program.h"

#define PRIME 998244353u /* 119 * 2^23 + 1; 3 is a primitive root. */
#define N 24

typedef uint32_t matrix[N][N];

static uint32_t times(uint32_t a, uint32_t b)
{
	return (uint32_t)((uint64_t)a * b % PRIME);
}

static uint32_t minus(uint32_t a, uint32_t b)
{
	return a >= b ? a - b : a + PRIME - b;
}

static uint32_t plus(uint32_t a, uint32_t b)
{
	return minus(a, PRIME - b == PRIME ? 0 : PRIME - b);
}

static uint32_t power(uint32_t base, uint32_t exponent)
{
	uint32_t result = 1;
	for (; exponent != 0; exponent >>= 1, base = times(base, base))
		if (exponent & 1)
			result = times(result, base);
	return result;
}

static void multiply(matrix out, matrix a, matrix b)
{
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			uint64_t sum = 0;
			for (int k = 0; k < N; k++) {
				sum += (uint64_t)a[i][k] * b[k][j];
				if (sum >= (uint64_t)PRIME << 33)
					sum -= (uint64_t)PRIME << 33;
			}
			out[i][j] = (uint32_t)(sum % PRIME);
		}
}

static void apply(uint32_t out[N], matrix a, const uint32_t v[N])
{
	for (int i = 0; i < N; i++) {
		out[i] = 0;
		for (int j = 0; j < N; j++)
			out[i] = plus(out[i], times(a[i][j], v[j]));
	}
}

/* In place, rows exchanged where a pivot is 0. False for a singular matrix. */
static bool decompose(matrix a, uint8_t order[N])
{
	for (int i = 0; i < N; i++)
		order[i] = (uint8_t)i;
	for (int k = 0; k < N; k++) {
		int pivot = k;
		while (pivot < N && a[pivot][k] == 0)
			pivot++;
		if (pivot == N)
			return false;
		for (int j = 0; pivot != k && j < N; j++) {
			uint32_t t = a[k][j];
			a[k][j] = a[pivot][j];
			a[pivot][j] = t;
		}
		uint8_t t = order[k];
		order[k] = order[pivot];
		order[pivot] = t;
		uint32_t inverse = power(a[k][k], PRIME - 2);
		for (int i = k + 1; i < N; i++) {
			uint32_t factor = a[i][k] = times(a[i][k], inverse);
			for (int j = k + 1; j < N; j++)
				a[i][j] = minus(a[i][j], times(factor, a[k][j]));
		}
	}
	return true;
}

static void solve(matrix lu, const uint8_t order[N], const uint32_t b[N], uint32_t x[N])
{
	for (int i = 0; i < N; i++) {
		x[i] = b[order[i]];
		for (int j = 0; j < i; j++)
			x[i] = minus(x[i], times(lu[i][j], x[j]));
	}
	for (int i = N; i-- > 0;) {
		for (int j = i + 1; j < N; j++)
			x[i] = minus(x[i], times(lu[i][j], x[j]));
		x[i] = times(x[i], power(lu[i][i], PRIME - 2));
	}
}

#define TERMS 256

static void transform(uint32_t a[TERMS], bool back)
{
	for (unsigned i = 1, j = 0; i < TERMS; i++) {
		unsigned bit = TERMS >> 1;
		for (; j & bit; bit >>= 1)
			j ^= bit;
		j ^= bit;
		if (i < j) {
			uint32_t t = a[i];
			a[i] = a[j];
			a[j] = t;
		}
	}
	for (unsigned half = 1; half < TERMS; half *= 2) {
		uint32_t step = power(3, (PRIME - 1) / (2 * half));
		if (back)
			step = power(step, PRIME - 2);
		for (unsigned start = 0; start < TERMS; start += 2 * half) {
			uint32_t root = 1;
			for (unsigned i = start; i < start + half; i++) {
				uint32_t u = a[i], v = times(a[i + half], root);
				a[i] = plus(u, v);
				a[i + half] = minus(u, v);
				root = times(root, step);
			}
		}
	}
	uint32_t scale = back ? power(TERMS, PRIME - 2) : 1;
	for (unsigned i = 0; back && i < TERMS; i++)
		a[i] = times(a[i], scale);
}

static void check_convolution(struct random *random)
{
	static uint32_t a[TERMS], b[TERMS], fast[TERMS], other[TERMS];
	memset(fast, 0, sizeof(fast));
	memset(other, 0, sizeof(other));
	for (int i = 0; i < TERMS / 2; i++) {
		fast[i] = a[i] = random_below(random, PRIME);
		other[i] = b[i] = random_below(random, PRIME);
	}
	transform(fast, false);
	transform(other, false);
	for (int i = 0; i < TERMS; i++)
		fast[i] = times(fast[i], other[i]);
	transform(fast, true);
	for (int k = 0; k < TERMS; k += 5) {
		uint32_t sum = 0;
		for (int i = 0; i <= k; i++)
			if (i < TERMS / 2 && k - i < TERMS / 2)
				sum = plus(sum, times(a[i], b[k - i]));
		CHECK(fast[k] == sum);
	}
}

/* Fixed point with 16 bits behind the point: a rotation by steps and back must come home, but for the rounding. */
static void check_rotation(void)
{
	int64_t x = 1000 << 16, y = 0;
	const int64_t cosine = 65446, sine = 3430; /* 3 degrees. */
	for (int step = 0; step < 120; step++) {
		int64_t turned = (x * cosine - y * sine) >> 16;
		y = (x * sine + y * cosine) >> 16;
		x = turned;
	}
	CHECK(x > 990 << 16 && x < 1010 << 16 && y > -(10 << 16) && y < 10 << 16);
}

int program(uint32_t rounds)
{
	static matrix a, b, product, lu;
	uint64_t hash = FNV_START;
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		uint32_t v[N], w[N], x[N];
		uint8_t order[N];
		for (int i = 0; i < N; i++) {
			v[i] = random_below(&random, PRIME);
			for (int j = 0; j < N; j++) {
				a[i][j] = random_below(&random, PRIME);
				b[i][j] = random_below(&random, PRIME);
			}
		}
		multiply(product, a, b);
		/* (a b) v = a (b v). */
		apply(w, b, v);
		apply(x, a, w);
		apply(w, product, v);
		CHECK(memcmp(w, x, sizeof(w)) == 0);
		memcpy(lu, product, sizeof(lu));
		if (decompose(lu, order)) {
			solve(lu, order, w, x);
			CHECK(memcmp(x, v, sizeof(v)) == 0);
		}
		check_convolution(&random);
		check_rotation();
		hash = fnv(hash, product[round % N], sizeof(product[0]));
	}
	print("matrix %016llx\n", (unsigned long long)hash);
	return 0;
}
