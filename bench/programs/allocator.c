/*
 * A heap with boundary tags and lists of free blocks by size, under a load of strings, arrays that grow and trees; each
 * block's content is checked before it is freed, and at the end the heap must be one free block again.
 */
#include "program.h"

#define HEAP 65536
#define ALIGNMENT 16
#define BINS 12

/* A block's header: its own size and its predecessor's, and whether it is in use. */
struct block {
	uint32_t size, size_before;
	uint32_t used, unused;
	struct block *next, *previous; /* In a bin; where the caller's bytes are when in use. */
};

#define HEADER offsetof(struct block, next)
#define SMALLEST 32

static uint8_t heap[HEAP] __attribute__((aligned(ALIGNMENT)));
static struct block *bins[BINS];

static struct block *after(struct block *block)
{
	return (struct block *)((uint8_t *)block + block->size);
}

static unsigned bin_of(uint32_t size)
{
	unsigned bin = 0;
	for (size >>= 6; size != 0 && bin < BINS - 1; size >>= 1)
		bin++;
	return bin;
}

static void bin_add(struct block *block)
{
	struct block **bin = &bins[bin_of(block->size)];
	block->used = 0;
	block->previous = NULL;
	block->next = *bin;
	if (*bin != NULL)
		(*bin)->previous = block;
	*bin = block;
}

static void bin_remove(struct block *block)
{
	if (block->previous != NULL)
		block->previous->next = block->next;
	else
		bins[bin_of(block->size)] = block->next;
	if (block->next != NULL)
		block->next->previous = block->previous;
}

/* One block of all but the last header, which stays in use so that nothing is merged with it. */
static void heap_init(void)
{
	memset(bins, 0, sizeof(bins));
	struct block *all = (struct block *)heap;
	*all = (struct block){ .size = HEAP - SMALLEST };
	*after(all) = (struct block){ .size = SMALLEST, .size_before = all->size, .used = 1 };
	bin_add(all);
}

static void *heap_allocate(size_t bytes)
{
	uint32_t size = (uint32_t)((bytes + HEADER + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1));
	if (size < SMALLEST)
		size = SMALLEST;
	for (unsigned bin = bin_of(size); bin < BINS; bin++)
		for (struct block *block = bins[bin]; block != NULL; block = block->next) {
			if (block->size < size)
				continue;
			bin_remove(block);
			if (block->size - size >= SMALLEST) {
				struct block *rest = (struct block *)((uint8_t *)block + size);
				rest->size = block->size - size;
				rest->size_before = size;
				after(rest)->size_before = rest->size;
				block->size = size;
				bin_add(rest);
			}
			block->used = 1;
			return (uint8_t *)block + HEADER;
		}
	return NULL;
}

static void heap_free(void *pointer)
{
	struct block *block = (struct block *)((uint8_t *)pointer - HEADER), *next = after(block);
	CHECK(block->used);
	if (!next->used) {
		bin_remove(next);
		block->size += next->size;
	}
	if (block->size_before != 0) {
		struct block *before = (struct block *)((uint8_t *)block - block->size_before);
		if (!before->used) {
			bin_remove(before);
			before->size += block->size;
			block = before;
		}
	}
	after(block)->size_before = block->size;
	bin_add(block);
}

static void *heap_grow(void *pointer, size_t from, size_t to)
{
	void *grown = heap_allocate(to);
	if (grown == NULL)
		return NULL;
	memcpy(grown, pointer, from);
	heap_free(pointer);
	return grown;
}

static void check_heap(void)
{
	uint32_t before = 0, total = 0;
	bool free_before = false;
	for (struct block *block = (struct block *)heap; total < HEAP; block = after(block)) {
		CHECK(block->size >= SMALLEST && block->size % ALIGNMENT == 0 && block->size_before == before);
		CHECK(!free_before || block->used);
		before = block->size;
		free_before = !block->used;
		total += block->size;
	}
	CHECK(total == HEAP);
}

#define OWNERS 160

struct owned {
	uint8_t *bytes;
	uint32_t size, seed;
};

static void fill(const struct owned *owned, uint32_t from)
{
	for (uint32_t i = from; i < owned->size; i++)
		owned->bytes[i] = (uint8_t)(owned->seed + i * 7);
}

static void check_fill(const struct owned *owned)
{
	for (uint32_t i = 0; i < owned->size; i++)
		CHECK(owned->bytes[i] == (uint8_t)(owned->seed + i * 7));
}

static uint32_t any_size(struct random *random)
{
	uint32_t kind = random_below(random, 10);
	return 1 + random_below(random, kind < 7 ? 64 : kind < 9 ? 400 : 3000);
}

/* A tree of allocated nodes, built and torn down. */
struct node {
	struct node *left, *right;
	uint32_t key;
};

static struct node *tree_insert(struct node *node, uint32_t key)
{
	if (node == NULL) {
		node = heap_allocate(sizeof(*node));
		CHECK(node != NULL);
		*node = (struct node){ NULL, NULL, key };
	} else if (key < node->key) {
		node->left = tree_insert(node->left, key);
	} else {
		node->right = tree_insert(node->right, key);
	}
	return node;
}

static unsigned tree_free(struct node *node)
{
	if (node == NULL)
		return 0;
	unsigned count = 1 + tree_free(node->left) + tree_free(node->right);
	heap_free(node);
	return count;
}

int program(uint32_t rounds)
{
	static struct owned owners[OWNERS];
	uint64_t allocations = 0, refusals = 0, hash = FNV_START;
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		heap_init();
		for (int i = 0; i < 1200; i++) {
			struct owned *owned = &owners[random_below(&random, OWNERS)];
			if (owned->bytes == NULL) {
				*owned = (struct owned){ NULL, any_size(&random), random_u32(&random) };
				owned->bytes = heap_allocate(owned->size);
				if (owned->bytes == NULL)
					refusals++;
				else
					fill(owned, 0);
				allocations++;
			} else if (random_below(&random, 4) == 0) {
				uint32_t size = owned->size + any_size(&random);
				uint8_t *grown = heap_grow(owned->bytes, owned->size, size);
				if (grown != NULL) {
					uint32_t from = owned->size;
					owned->bytes = grown;
					owned->size = size;
					fill(owned, from);
				}
			} else {
				check_fill(owned);
				hash = hash * 31 + (uint64_t)(owned->bytes - heap);
				heap_free(owned->bytes);
				owned->bytes = NULL;
			}
			if (i % 400 == 399)
				check_heap();
		}
		for (int i = 0; i < OWNERS; i++)
			if (owners[i].bytes != NULL) {
				check_fill(&owners[i]);
				heap_free(owners[i].bytes);
				owners[i].bytes = NULL;
			}
		struct node *root = NULL;
		for (int i = 0; i < 300; i++)
			root = tree_insert(root, random_u32(&random));
		check_heap();
		CHECK(tree_free(root) == 300);
		CHECK(((struct block *)heap)->size == HEAP - SMALLEST && !((struct block *)heap)->used);
	}
	print("allocator %llu allocations, %llu refused, %016llx\n", (unsigned long long)allocations,
	      (unsigned long long)refusals, (unsigned long long)hash);
	return 0;
}
