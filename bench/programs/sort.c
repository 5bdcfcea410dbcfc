/* Four ways of sorting records: quick, merge, heap and radix. All must agree, and sort stably where they promise to. */
#include "program.h"

struct record {
	uint32_t key;
	uint32_t order; /* Place before sorting. */
	uint64_t payload;
};

#define RECORDS 1500

static struct record input[RECORDS], sorted[RECORDS], other[RECORDS], space[RECORDS];

typedef int comparison(const struct record *, const struct record *);

/* By key, then by place: a total order, so that unstable ways have one outcome too. */
static int by_key_and_order(const struct record *a, const struct record *b)
{
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static int by_key(const struct record *a, const struct record *b)
{
	return a->key < b->key ? -1 : a->key > b->key;
}

static void swap(struct record *a, struct record *b)
{
	struct record t = *a;
	*a = *b;
	*b = t;
}

static void insertion_sort(struct record *records, int count, comparison *compare)
{
	for (int i = 1; i < count; i++) {
		struct record moving = records[i];
		int at = i;
		for (; at > 0 && compare(&moving, &records[at - 1]) < 0; at--)
			records[at] = records[at - 1];
		records[at] = moving;
	}
}

static void quicksort(struct record *records, int count, comparison *compare)
{
	while (count > 12) {
		struct record *middle = records + count / 2, *last = records + count - 1;
		if (compare(middle, records) < 0)
			swap(middle, records);
		if (compare(last, records) < 0)
			swap(last, records);
		if (compare(last, middle) < 0)
			swap(last, middle);
		struct record pivot = *middle;
		int i = 0, j = count - 1;
		while (i <= j) {
			while (compare(&records[i], &pivot) < 0)
				i++;
			while (compare(&records[j], &pivot) > 0)
				j--;
			if (i <= j)
				swap(&records[i++], &records[j--]);
		}
		/* The smaller part by recursion, so that the stack stays small. */
		if (j + 1 < count - i) {
			quicksort(records, j + 1, compare);
			records += i;
			count -= i;
		} else {
			quicksort(records + i, count - i, compare);
			count = j + 1;
		}
	}
	insertion_sort(records, count, compare);
}

static void sift_down(struct record *heap, int at, int count, comparison *compare)
{
	struct record moving = heap[at];
	for (int child; (child = 2 * at + 1) < count; at = child) {
		if (child + 1 < count && compare(&heap[child], &heap[child + 1]) < 0)
			child++;
		if (compare(&heap[child], &moving) <= 0)
			break;
		heap[at] = heap[child];
	}
	heap[at] = moving;
}

static void heapsort(struct record *records, int count, comparison *compare)
{
	for (int i = count / 2; i-- > 0;)
		sift_down(records, i, count, compare);
	for (int last = count - 1; last > 0; last--) {
		swap(&records[0], &records[last]);
		sift_down(records, 0, last, compare);
	}
}

static void mergesort(struct record *records, int count, comparison *compare)
{
	struct record *from = records, *to = space;
	for (int width = 1; width < count; width *= 2) {
		for (int start = 0; start < count; start += 2 * width) {
			int middle = start + width < count ? start + width : count;
			int end = start + 2 * width < count ? start + 2 * width : count;
			int a = start, b = middle;
			for (int at = start; at < end; at++) {
				bool left = a < middle && (b == end || compare(&from[b], &from[a]) >= 0);
				to[at] = left ? from[a++] : from[b++];
			}
		}
		struct record *swapped = from;
		from = to;
		to = swapped;
	}
	if (from != records)
		memcpy(records, from, sizeof(*records) * (size_t)count);
}

static void radix_sort(struct record *records, int count)
{
	struct record *from = records, *to = space;
	for (unsigned shift = 0; shift < 32; shift += 8) {
		int places[257] = { 0 };
		for (int i = 0; i < count; i++)
			places[(from[i].key >> shift & 255) + 1]++;
		for (int i = 0; i < 256; i++)
			places[i + 1] += places[i];
		for (int i = 0; i < count; i++)
			to[places[from[i].key >> shift & 255]++] = from[i];
		struct record *swapped = from;
		from = to;
		to = swapped;
	}
}

static uint64_t payload_of(uint32_t key, uint32_t order)
{
	return ((uint64_t)key << 32 | order) * 0x9e3779b97f4a7c15u;
}

static void make_input(struct random *random, int shape)
{
	for (uint32_t i = 0; i < RECORDS; i++) {
		uint32_t key = random_u32(random);
		if (shape == 1)
			key %= 50; /* Many that are equal. */
		else if (shape == 2)
			key = i * 1000 + key % 3000; /* Nearly sorted. */
		else if (shape == 3)
			key = (RECORDS - i) * 1000; /* Backwards. */
		input[i] = (struct record){ key, i, payload_of(key, i) };
	}
}

/* Sorted, and each record once and whole. */
static void check_sorted(const struct record *records, comparison *compare)
{
	static uint8_t seen[RECORDS];
	memset(seen, 0, sizeof(seen));
	for (int i = 0; i < RECORDS; i++) {
		CHECK(i == 0 || compare(&records[i - 1], &records[i]) <= 0);
		CHECK(records[i].order < RECORDS && !seen[records[i].order]);
		CHECK(records[i].payload == payload_of(records[i].key, records[i].order));
		seen[records[i].order] = 1;
	}
}

int program(uint32_t rounds)
{
	uint64_t hash = FNV_START;
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		make_input(&random, (int)(round % 4));
		memcpy(sorted, input, sizeof(input));
		quicksort(sorted, RECORDS, by_key_and_order);
		check_sorted(sorted, by_key_and_order);
		memcpy(other, input, sizeof(input));
		heapsort(other, RECORDS, by_key_and_order);
		CHECK(memcmp(other, sorted, sizeof(sorted)) == 0);
		/* Stable: by key alone gives the same. */
		memcpy(other, input, sizeof(input));
		mergesort(other, RECORDS, by_key);
		CHECK(memcmp(other, sorted, sizeof(sorted)) == 0);
		memcpy(other, input, sizeof(input));
		radix_sort(other, RECORDS);
		CHECK(memcmp(other, sorted, sizeof(sorted)) == 0);
		hash = fnv(hash, &sorted[round % RECORDS], sizeof(struct record));
	}
	print("sort %016llx\n", (unsigned long long)hash);
	return 0;
}
