/*
 * Calls as kernels make them: a packet goes through hooks (static calls), a classifier (a switch), protocol handlers
 * (tables of operations), queue disciplines (objects with methods) and watchers (a chain of callbacks). What the
 * handlers count must add up to what was sent.
 */
#include "program.h"
#include "static_call.h"

struct packet {
	uint32_t source, destination, length;
	uint16_t port;
	uint8_t protocol, mark;
	uint32_t sum;
};

/* Hooks, exchanged while the program runs. */
static uint64_t traced, traced_bytes, dropped;

static int accept_all(struct packet *packet)
{
	packet->mark |= 1;
	return 0;
}

static int drop_odd_ports(struct packet *packet)
{
	if (packet->port % 16 == 1) {
		dropped++;
		return -1;
	}
	packet->mark |= 2;
	return 0;
}

static void trace_nothing(const struct packet *packet)
{
	(void)packet;
}

static void trace_lengths(const struct packet *packet)
{
	traced++;
	traced_bytes += packet->length;
}

static uint32_t sum_by_bytes(const uint8_t *data, uint32_t length)
{
	uint32_t sum = 0;
	for (uint32_t i = 0; i < length; i++)
		sum += (uint32_t)data[i] << (i % 2 * 8);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint32_t sum_by_words(const uint8_t *data, uint32_t length)
{
	uint64_t sum = 0;
	uint32_t i = 0;
	for (; i + 4 <= length; i += 4) {
		uint32_t word;
		memcpy(&word, data + i, 4);
		sum += word;
	}
	for (; i < length; i++)
		sum += (uint32_t)data[i] << (i % 2 * 8);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)sum;
}

DEFINE_STATIC_CALL(filter, accept_all);
DEFINE_STATIC_CALL(trace, trace_nothing);
DEFINE_STATIC_CALL(checksum, sum_by_bytes);

/* Protocols. */
struct protocol {
	const char *name;
	int (*receive)(struct protocol *self, struct packet *packet);
	uint32_t (*route)(const struct protocol *self, uint32_t address);
	uint64_t packets, bytes;
};

static uint32_t route_by_mask(const struct protocol *self, uint32_t address)
{
	(void)self;
	return address >> 8 & 3;
}

static uint32_t route_by_hash(const struct protocol *self, uint32_t address)
{
	return (address * 2654435761u ^ (uint32_t)self->packets) >> 30;
}

static int count_packet(struct protocol *self, struct packet *packet)
{
	self->packets++;
	self->bytes += packet->length;
	return 0;
}

static int receive_datagram(struct protocol *self, struct packet *packet)
{
	packet->sum += packet->port;
	return count_packet(self, packet);
}

static int receive_stream(struct protocol *self, struct packet *packet)
{
	packet->sum ^= packet->source + packet->destination;
	return count_packet(self, packet);
}

static int receive_echo(struct protocol *self, struct packet *packet)
{
	uint32_t source = packet->source;
	packet->source = packet->destination;
	packet->destination = source;
	return count_packet(self, packet);
}

static struct protocol protocols[] = {
	{ "datagram", receive_datagram, route_by_mask, 0, 0 },
	{ "stream", receive_stream, route_by_hash, 0, 0 },
	{ "echo", receive_echo, route_by_mask, 0, 0 },
	{ "other", count_packet, route_by_hash, 0, 0 },
};

static struct protocol *classify(const struct packet *packet)
{
	switch (packet->protocol) {
	case 17:
		return &protocols[0];
	case 6:
		return &protocols[1];
	case 1:
	case 58:
		return &protocols[2];
	default:
		return &protocols[3];
	}
}

/* Queues: first in first out, last in first out, or the shortest first. */
#define QUEUE 16

struct queue;

struct queue_operations {
	bool (*put)(struct queue *, struct packet *);
	struct packet *(*take)(struct queue *);
};

struct queue {
	const struct queue_operations *operations;
	struct packet *held[QUEUE];
	unsigned first, count;
};

static bool put_last(struct queue *queue, struct packet *packet)
{
	if (queue->count == QUEUE)
		return false;
	queue->held[(queue->first + queue->count++) % QUEUE] = packet;
	return true;
}

static struct packet *take_first(struct queue *queue)
{
	if (queue->count == 0)
		return NULL;
	queue->count--;
	return queue->held[queue->first++ % QUEUE];
}

static struct packet *take_last(struct queue *queue)
{
	return queue->count == 0 ? NULL : queue->held[(queue->first + --queue->count) % QUEUE];
}

static bool put_by_length(struct queue *queue, struct packet *packet)
{
	unsigned at = queue->count;
	if (at == QUEUE)
		return false;
	for (; at > 0 && queue->held[(queue->first + at - 1) % QUEUE]->length > packet->length; at--)
		queue->held[(queue->first + at) % QUEUE] = queue->held[(queue->first + at - 1) % QUEUE];
	queue->held[(queue->first + at) % QUEUE] = packet;
	queue->count++;
	return true;
}

static const struct queue_operations fifo = { put_last, take_first }, lifo = { put_last, take_last },
				     shortest = { put_by_length, take_first };

/* Watchers. */
struct watcher {
	void (*saw)(struct watcher *self, const struct packet *packet);
	struct watcher *next;
	uint64_t state;
};

static void saw_length(struct watcher *self, const struct packet *packet)
{
	self->state += packet->length;
}

static void saw_longest(struct watcher *self, const struct packet *packet)
{
	if (packet->length > self->state)
		self->state = packet->length;
}

static void saw_hash(struct watcher *self, const struct packet *packet)
{
	self->state = self->state * 31 + packet->sum + packet->mark;
}

static struct watcher watchers[] = {
	{ saw_length, &watchers[1], 0 },
	{ saw_longest, &watchers[2], 0 },
	{ saw_hash, NULL, 0 },
};

static uint64_t delivered, delivered_bytes;

static void deliver(struct queue *queue)
{
	for (struct packet *packet; (packet = queue->operations->take(queue)) != NULL;) {
		delivered++;
		delivered_bytes += packet->length;
		for (struct watcher *at = watchers; at != NULL; at = at->next)
			at->saw(at, packet);
	}
}

static void send(struct queue *queues, struct packet *packet, const uint8_t *data)
{
	static_call(trace)(packet);
	if (static_call(filter)(packet) != 0)
		return;
	packet->sum = static_call(checksum)(data, packet->length);
	struct protocol *protocol = classify(packet);
	uint32_t route = protocol->route(protocol, packet->destination);
	protocol->receive(protocol, packet);
	struct queue *queue = &queues[route];
	if (!queue->operations->put(queue, packet)) {
		deliver(queue);
		CHECK(queue->operations->put(queue, packet));
	}
}

#define PACKETS 2000

int program(uint32_t rounds)
{
	static struct packet packets[PACKETS];
	static uint8_t data[256];
	static const uint8_t kinds[] = { 17, 6, 6, 6, 1, 58, 17, 99 };
	struct queue queues[4] = { { .operations = &fifo }, { .operations = &lifo }, { .operations = &shortest },
				   { .operations = &fifo } };
	uint64_t sent = 0, sent_bytes = 0, expected_traced = 0, dropped_bytes = 0;
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		for (unsigned i = 0; i < sizeof(data); i++)
			data[i] = (uint8_t)random_u32(&random);
		for (int i = 0; i < PACKETS; i++) {
			struct packet *packet = &packets[i];
			memset(packet, 0, sizeof(*packet));
			packet->source = random_u32(&random);
			packet->destination = random_u32(&random);
			packet->length = 20 + random_below(&random, 60);
			packet->port = (uint16_t)random_u32(&random);
			packet->protocol = kinds[random_below(&random, 8)];
			if (i % 500 == 0) {
				static_call_update(filter, i % 1000 == 0 ? accept_all : drop_odd_ports);
				static_call_update(trace, i % 1000 == 0 ? trace_lengths : trace_nothing);
				static_call_update(checksum, i < 1000 ? sum_by_bytes : sum_by_words);
			}
			CHECK(i % 100 != 0 || sum_by_bytes(data, packet->length) == sum_by_words(data, packet->length));
			uint64_t dropped_before = dropped;
			expected_traced += i / 500 % 2 == 0;
			send(queues, packet, data);
			sent++;
			sent_bytes += packet->length;
			if (dropped != dropped_before)
				dropped_bytes += packet->length;
		}
		for (int i = 0; i < 4; i++)
			deliver(&queues[i]);
	}
	uint64_t counted = 0, counted_bytes = 0;
	for (unsigned i = 0; i < COUNT_OF(protocols); i++) {
		counted += protocols[i].packets;
		counted_bytes += protocols[i].bytes;
		print("%-8s %llu\n", protocols[i].name, (unsigned long long)protocols[i].packets);
	}
	CHECK(counted + dropped == sent && counted_bytes + dropped_bytes == sent_bytes);
	CHECK(delivered == counted && delivered_bytes == counted_bytes && watchers[0].state == counted_bytes);
	CHECK(traced == expected_traced);
	if (rounds > 0)
		CHECK(traced_bytes < sent_bytes && watchers[1].state == 79);
	print("dispatch %016llx\n", (unsigned long long)watchers[2].state);
	return 0;
}
