/*
 * Graphs: shortest ways by Dijkstra (with a heap), Bellman-Ford and Floyd-Warshall, which must agree; spanning trees by
 * Kruskal and Prim, of one weight; the largest flow, which must be as large as its smallest cut; components and cycles.
 */
#include "program.h"

#define NODES 48
#define EDGES 240
#define FAR 1000000000

struct edge {
	int16_t from, to;
	int32_t weight;
};

static struct edge edges[EDGES];
static int16_t first_edge[NODES + 1], edge_order[EDGES];

static void make_graph(struct random *random)
{
	int16_t counts[NODES] = { 0 };
	for (int i = 0; i < EDGES; i++) {
		edges[i].from = (int16_t)random_below(random, NODES);
		edges[i].to = (int16_t)random_below(random, NODES);
		edges[i].weight = 1 + (int32_t)random_below(random, 1000);
		counts[edges[i].from]++;
	}
	first_edge[0] = 0;
	for (int i = 0; i < NODES; i++)
		first_edge[i + 1] = (int16_t)(first_edge[i] + counts[i]);
	for (int i = 0; i < EDGES; i++)
		edge_order[first_edge[edges[i].from + 1] - counts[edges[i].from]--] = (int16_t)i;
}

/* A heap of nodes by distance, that knows where each stands. */
struct heap {
	int16_t nodes[NODES], places[NODES];
	int count;
};

static void heap_place(struct heap *heap, int at, int16_t node)
{
	heap->nodes[at] = node;
	heap->places[node] = (int16_t)at;
}

static void heap_up(struct heap *heap, int at, const int32_t *distances)
{
	int16_t node = heap->nodes[at];
	for (; at > 0; at = (at - 1) / 2) {
		int16_t parent = heap->nodes[(at - 1) / 2];
		if (distances[parent] <= distances[node])
			break;
		heap_place(heap, at, parent);
	}
	heap_place(heap, at, node);
}

static int16_t heap_take(struct heap *heap, const int32_t *distances)
{
	int16_t least = heap->nodes[0], node = heap->nodes[--heap->count];
	int at = 0;
	for (int child; (child = 2 * at + 1) < heap->count; at = child) {
		if (child + 1 < heap->count && distances[heap->nodes[child + 1]] < distances[heap->nodes[child]])
			child++;
		if (distances[heap->nodes[child]] >= distances[node])
			break;
		heap_place(heap, at, heap->nodes[child]);
	}
	heap_place(heap, at, node);
	heap->places[least] = -1;
	return least;
}

static void dijkstra(int16_t source, int32_t distances[NODES])
{
	struct heap heap = { .count = 1 };
	for (int i = 0; i < NODES; i++) {
		distances[i] = FAR;
		heap.places[i] = -1;
	}
	distances[source] = 0;
	heap_place(&heap, 0, source);
	while (heap.count > 0) {
		int16_t node = heap_take(&heap, distances);
		for (int i = first_edge[node]; i < first_edge[node + 1]; i++) {
			const struct edge *edge = &edges[edge_order[i]];
			int32_t distance = distances[node] + edge->weight;
			if (distance >= distances[edge->to])
				continue;
			distances[edge->to] = distance;
			if (heap.places[edge->to] < 0)
				heap_place(&heap, heap.count++, edge->to);
			heap_up(&heap, heap.places[edge->to], distances);
		}
	}
}

static void bellman_ford(int16_t source, int32_t distances[NODES])
{
	bool changed = true;
	for (int i = 0; i < NODES; i++)
		distances[i] = i == source ? 0 : FAR;
	while (changed) {
		changed = false;
		for (int i = 0; i < EDGES; i++) {
			int32_t distance = distances[edges[i].from] + edges[i].weight;
			if (distance < distances[edges[i].to]) {
				distances[edges[i].to] = distance;
				changed = true;
			}
		}
	}
}

static int32_t all[NODES][NODES];

static void floyd_warshall(void)
{
	for (int i = 0; i < NODES; i++)
		for (int j = 0; j < NODES; j++)
			all[i][j] = i == j ? 0 : FAR;
	for (int i = 0; i < EDGES; i++)
		if (edges[i].weight < all[edges[i].from][edges[i].to])
			all[edges[i].from][edges[i].to] = edges[i].weight;
	for (int k = 0; k < NODES; k++)
		for (int i = 0; i < NODES; i++)
			for (int j = 0; j < NODES; j++)
				if (all[i][k] + all[k][j] < all[i][j])
					all[i][j] = all[i][k] + all[k][j];
}

static int16_t parents[NODES];

static int16_t root_of(int16_t node)
{
	while (parents[node] != node)
		node = parents[node] = parents[parents[node]];
	return node;
}

/* The graph taken as undirected; its trees counted. */
static int64_t kruskal(int *trees)
{
	int16_t order[EDGES];
	int64_t weight = 0;
	*trees = NODES;
	for (int16_t i = 0; i < NODES; i++)
		parents[i] = i;
	/* Shell's sort. */
	for (int16_t i = 0; i < EDGES; i++)
		order[i] = i;
	for (int gap = 121; gap > 0; gap /= 3)
		for (int i = gap; i < EDGES; i++) {
			int16_t moving = order[i];
			int at = i;
			for (; at >= gap && edges[order[at - gap]].weight > edges[moving].weight; at -= gap)
				order[at] = order[at - gap];
			order[at] = moving;
		}
	for (int i = 0; i < EDGES; i++) {
		const struct edge *edge = &edges[order[i]];
		int16_t a = root_of(edge->from), b = root_of(edge->to);
		if (a == b)
			continue;
		parents[a] = b;
		weight += edge->weight;
		--*trees;
	}
	return weight;
}

static int64_t prim(int *trees)
{
	static int32_t between[NODES][NODES];
	int32_t nearest[NODES];
	bool in[NODES] = { false };
	int64_t weight = 0;
	*trees = 0;
	for (int i = 0; i < NODES; i++) {
		nearest[i] = FAR;
		for (int j = 0; j < NODES; j++)
			between[i][j] = FAR;
	}
	for (int i = 0; i < EDGES; i++)
		if (edges[i].weight < between[edges[i].from][edges[i].to])
			between[edges[i].from][edges[i].to] = between[edges[i].to][edges[i].from] = edges[i].weight;
	for (int count = 0; count < NODES; count++) {
		int best = -1;
		for (int i = 0; i < NODES; i++)
			if (!in[i] && (best < 0 || nearest[i] < nearest[best]))
				best = i;
		in[best] = true;
		if (nearest[best] == FAR)
			++*trees;
		else
			weight += nearest[best];
		for (int i = 0; i < NODES; i++)
			if (between[best][i] < nearest[i])
				nearest[i] = between[best][i];
	}
	return weight;
}

/* Edmonds and Karp; then the cut between what the source still reaches and the rest. */
static int64_t largest_flow(int source, int sink)
{
	static int32_t capacity[NODES][NODES], given[NODES][NODES];
	int64_t flow = 0, cut = 0;
	memset(capacity, 0, sizeof(capacity));
	for (int i = 0; i < EDGES; i++)
		if (edges[i].from != edges[i].to)
			capacity[edges[i].from][edges[i].to] += edges[i].weight;
	memcpy(given, capacity, sizeof(given));
	for (;;) {
		int16_t before[NODES], queue[NODES];
		int head = 0, tail = 0;
		memset(before, 0xff, sizeof(before));
		before[source] = (int16_t)source;
		queue[tail++] = (int16_t)source;
		while (head < tail && before[sink] < 0) {
			int node = queue[head++];
			for (int next = 0; next < NODES; next++)
				if (before[next] < 0 && capacity[node][next] > 0) {
					before[next] = (int16_t)node;
					queue[tail++] = (int16_t)next;
				}
		}
		if (before[sink] < 0) {
			for (int i = 0; i < NODES; i++)
				for (int j = 0; j < NODES; j++)
					if (before[i] >= 0 && before[j] < 0)
						cut += given[i][j];
			CHECK(cut == flow);
			return flow;
		}
		int32_t more = FAR;
		for (int node = sink; node != source; node = before[node])
			if (capacity[before[node]][node] < more)
				more = capacity[before[node]][node];
		for (int node = sink; node != source; node = before[node]) {
			capacity[before[node]][node] -= more;
			capacity[node][before[node]] += more;
		}
		flow += more;
	}
}

/* Tarjan's strongly connected components: two nodes are in one exactly where each reaches the other. */
struct components {
	int16_t number[NODES], low[NODES], component[NODES], stack[NODES];
	int16_t next, depth, count;
};

static void visit(struct components *c, int16_t node)
{
	c->number[node] = c->low[node] = ++c->next;
	c->stack[c->depth++] = node;
	for (int i = first_edge[node]; i < first_edge[node + 1]; i++) {
		int16_t to = edges[edge_order[i]].to;
		if (c->number[to] == 0) {
			visit(c, to);
			if (c->low[to] < c->low[node])
				c->low[node] = c->low[to];
		} else if (c->component[to] < 0 && c->number[to] < c->low[node]) {
			c->low[node] = c->number[to];
		}
	}
	if (c->low[node] != c->number[node])
		return;
	int16_t member;
	do {
		member = c->stack[--c->depth];
		c->component[member] = c->count;
	} while (member != node);
	c->count++;
}

static int strong_components(void)
{
	static struct components c;
	memset(&c, 0, sizeof(c));
	memset(c.component, 0xff, sizeof(c.component));
	for (int16_t i = 0; i < NODES; i++)
		if (c.number[i] == 0)
			visit(&c, i);
	for (int i = 0; i < NODES; i++)
		for (int j = 0; j < NODES; j++)
			CHECK((c.component[i] == c.component[j]) == (all[i][j] < FAR && all[j][i] < FAR));
	return c.count;
}

int program(uint32_t rounds)
{
	uint64_t hash = FNV_START;
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		int32_t near[NODES], other[NODES];
		make_graph(&random);
		floyd_warshall();
		for (int16_t source = 0; source < NODES; source += 4) {
			dijkstra(source, near);
			CHECK(memcmp(near, all[source], sizeof(near)) == 0);
			bellman_ford(source, other);
			CHECK(memcmp(near, other, sizeof(near)) == 0);
			hash = fnv(hash, near, sizeof(near));
		}
		int trees, same_trees;
		int64_t weight = kruskal(&trees);
		CHECK(prim(&same_trees) == weight && trees == same_trees);
		int source = (int)random_below(&random, NODES / 2), sink = NODES / 2 + (int)random_below(&random, NODES / 2);
		hash = hash * 31 + (uint64_t)weight + (uint64_t)largest_flow(source, sink);
		hash = hash * 31 + (uint64_t)strong_components();
	}
	print("graph %016llx\n", (unsigned long long)hash);
	return 0;
}
