/*
 * Lists whose links are embedded in what is listed, as in kernels: a cache that forgets what was used longest ago (a
 * hash table of chains and a list in order of use), queues of jobs, and a merge sort of a list.
 */
#include "program.h"

struct link {
	struct link *next, *previous;
};

#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))
#define FOR_EACH(at, list) for (struct link *at = (list)->next; at != (list); at = at->next)

static void list_init(struct link *list)
{
	list->next = list->previous = list;
}

static bool list_empty(const struct link *list)
{
	return list->next == list;
}

static void insert_between(struct link *link, struct link *previous, struct link *next)
{
	next->previous = link;
	link->next = next;
	link->previous = previous;
	previous->next = link;
}

static void list_add(struct link *link, struct link *list)
{
	insert_between(link, list, list->next);
}

static void list_add_tail(struct link *link, struct link *list)
{
	insert_between(link, list->previous, list);
}

static void list_remove(struct link *link)
{
	link->next->previous = link->previous;
	link->previous->next = link->next;
}

static void list_move(struct link *link, struct link *list)
{
	list_remove(link);
	list_add(link, list);
}

/* A chain of a hash table: its head is one pointer. */
struct chain_link {
	struct chain_link *next, **reference;
};

static void chain_add(struct chain_link *link, struct chain_link **head)
{
	link->next = *head;
	if (*head != NULL)
		(*head)->reference = &link->next;
	*head = link;
	link->reference = head;
}

static void chain_remove(struct chain_link *link)
{
	*link->reference = link->next;
	if (link->next != NULL)
		link->next->reference = link->reference;
}

struct entry {
	uint64_t key, value;
	uint32_t used; /* The step at which it was used last. */
	struct link by_use;
	struct chain_link by_hash;
};

#define ENTRIES 256
#define BUCKETS 64
#define KEYS 600

struct cache {
	struct chain_link *buckets[BUCKETS];
	struct link by_use, free;
	unsigned hits, misses, evictions;
	struct entry entries[ENTRIES];
};

static void cache_init(struct cache *cache)
{
	memset(cache, 0, sizeof(*cache));
	list_init(&cache->by_use);
	list_init(&cache->free);
	for (int i = 0; i < ENTRIES; i++)
		list_add_tail(&cache->entries[i].by_use, &cache->free);
}

static struct chain_link **bucket_of(struct cache *cache, uint64_t key)
{
	return &cache->buckets[(key * 0x9e3779b97f4a7c15u) >> 58];
}

static struct entry *cache_find(struct cache *cache, uint64_t key)
{
	for (struct chain_link *at = *bucket_of(cache, key); at != NULL; at = at->next) {
		struct entry *entry = CONTAINER_OF(at, struct entry, by_hash);
		if (entry->key == key)
			return entry;
	}
	return NULL;
}

/* Every other entry was used later than the last of the list. */
static void check_order(struct cache *cache)
{
	uint32_t later = 0xffffffff;
	unsigned count = 0;
	FOR_EACH(at, &cache->by_use) {
		struct entry *entry = CONTAINER_OF(at, struct entry, by_use);
		CHECK(entry->used < later);
		CHECK(cache_find(cache, entry->key) == entry);
		later = entry->used;
		count++;
	}
	FOR_EACH(at, &cache->free)
		count++;
	CHECK(count == ENTRIES);
}

static uint64_t compute(uint64_t key)
{
	return key * key + 12345;
}

static uint64_t cached(struct cache *cache, uint64_t key, uint32_t step)
{
	struct entry *entry = cache_find(cache, key);
	if (entry != NULL) {
		cache->hits++;
		list_move(&entry->by_use, &cache->by_use);
		entry->used = step;
		return entry->value;
	}
	cache->misses++;
	if (list_empty(&cache->free)) {
		cache->evictions++;
		entry = CONTAINER_OF(cache->by_use.previous, struct entry, by_use);
		chain_remove(&entry->by_hash);
	} else {
		entry = CONTAINER_OF(cache->free.next, struct entry, by_use);
	}
	list_move(&entry->by_use, &cache->by_use);
	entry->key = key;
	entry->value = compute(key);
	entry->used = step;
	chain_add(&entry->by_hash, bucket_of(cache, key));
	return entry->value;
}

static void forget(struct cache *cache, uint64_t key)
{
	struct entry *entry = cache_find(cache, key);
	if (entry == NULL)
		return;
	chain_remove(&entry->by_hash);
	list_move(&entry->by_use, &cache->free);
}

/* Jobs go through queues by priority; all must be done, in their order within a priority. */
struct job {
	struct link link;
	uint32_t number, priority, work;
};

#define JOBS 400
#define PRIORITIES 8

static uint64_t run_jobs(struct random *random)
{
	static struct job jobs[JOBS];
	struct link queues[PRIORITIES];
	uint32_t last[PRIORITIES] = { 0 }, waiting = 0;
	uint64_t hash = FNV_START, done = 0;
	for (int i = 0; i < PRIORITIES; i++)
		list_init(&queues[i]);
	for (uint32_t i = 0; i < JOBS || waiting > 0;) {
		if (i < JOBS && (waiting == 0 || random_below(random, 3) > 0)) {
			jobs[i] = (struct job){ .number = i + 1, .priority = random_below(random, PRIORITIES) };
			jobs[i].work = 1 + random_below(random, 3);
			list_add_tail(&jobs[i].link, &queues[jobs[i].priority]);
			i++;
			waiting++;
			continue;
		}
		int priority = 0;
		while (list_empty(&queues[priority]))
			priority++;
		struct job *job = CONTAINER_OF(queues[priority].next, struct job, link);
		CHECK(job->number >= last[priority]);
		last[priority] = job->number;
		if (--job->work == 0) {
			list_remove(&job->link);
			waiting--;
			done++;
			hash = hash * 31 + job->number;
		}
	}
	CHECK(done == JOBS);
	return hash;
}

/* Bottom-up merge sort of a list, singly linked while it is sorted. */
static struct link *merge(struct link *a, struct link *b)
{
	struct link *head = NULL, **tail = &head;
	while (a != NULL && b != NULL) {
		bool first = CONTAINER_OF(a, struct entry, by_use)->value <= CONTAINER_OF(b, struct entry, by_use)->value;
		struct link **from = first ? &a : &b;
		*tail = *from;
		tail = &(*tail)->next;
		*from = *tail;
	}
	*tail = a != NULL ? a : b;
	return head;
}

static void list_sort(struct link *list)
{
	struct link *parts[32] = { NULL }, *at = list->next, *sorted = NULL;
	list->previous->next = NULL;
	if (at == list)
		at = NULL;
	while (at != NULL) {
		struct link *one = at;
		int i = 0;
		at = at->next;
		one->next = NULL;
		for (; parts[i] != NULL; i++) {
			one = merge(parts[i], one);
			parts[i] = NULL;
		}
		parts[i] = one;
	}
	for (int i = 0; i < 32; i++)
		if (parts[i] != NULL)
			sorted = merge(parts[i], sorted);
	list_init(list);
	while (sorted != NULL) {
		struct link *next = sorted->next;
		list_add_tail(sorted, list);
		sorted = next;
	}
}

int program(uint32_t rounds)
{
	static struct cache cache;
	uint64_t hash = FNV_START;
	uint32_t step = 1;
	unsigned hits = 0, evictions = 0;
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		cache_init(&cache);
		for (int i = 0; i < 6000; i++) {
			uint64_t key = random_below(&random, KEYS) * (uint64_t)random_below(&random, KEYS) / KEYS;
			if (random_below(&random, 50) == 0)
				forget(&cache, key);
			else
				CHECK(cached(&cache, key, step++) == compute(key));
			if (i % 2000 == 1999)
				check_order(&cache);
		}
		hits += cache.hits;
		evictions += cache.evictions;
		list_sort(&cache.by_use);
		uint64_t previous = 0;
		FOR_EACH(at, &cache.by_use) {
			struct entry *entry = CONTAINER_OF(at, struct entry, by_use);
			CHECK(entry->value >= previous);
			previous = entry->value;
			hash = hash * 31 + entry->value;
		}
		hash ^= run_jobs(&random);
	}
	CHECK(evictions > 0 || rounds == 0);
	print("klist %u hits, %u evictions, %016llx\n", hits, evictions, (unsigned long long)hash);
	return 0;
}
