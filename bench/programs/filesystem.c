/*
 * A filesystem in memory, in the manner of Unix: blocks and their bitmap, inodes with indirect blocks, directories that are
 * files, paths, links, and open files of three kinds behind one table of operations. What is read back must be what was
 * written; at the end no block and no inode may have been lost.
 */
#include "program.h"

#define BLOCK 256
#define BLOCKS 1024
#define INODES 128
#define DIRECT 6
#define PER_BLOCK (BLOCK / 2)
#define MOST_BYTES ((DIRECT + PER_BLOCK) * BLOCK)
#define NAME 14

enum type { FREE, FILE_TYPE, DIRECTORY };

struct inode {
	uint8_t type;
	uint8_t links;
	uint16_t opened;
	uint32_t size;
	uint16_t blocks[DIRECT];
	uint16_t indirect;
};

struct entry {
	uint16_t inode; /* 0: no entry. */
	char name[NAME];
};

static uint8_t disk[BLOCKS][BLOCK] __attribute__((aligned(8)));
static uint64_t bitmap[BLOCKS / 64];
static struct inode inodes[INODES];

#define ROOT 1

static unsigned lowest_clear(uint64_t word)
{
	unsigned bit = 0;
	for (word = ~word; (word & 0xff) == 0; word >>= 8)
		bit += 8;
	for (; (word & 1) == 0; word >>= 1)
		bit++;
	return bit;
}

/* A block of zeros, or 0. */
static uint16_t block_allocate(void)
{
	for (unsigned i = 0; i < COUNT_OF(bitmap); i++) {
		if (bitmap[i] == ~(uint64_t)0)
			continue;
		unsigned bit = lowest_clear(bitmap[i]);
		bitmap[i] |= (uint64_t)1 << bit;
		memset(disk[i * 64 + bit], 0, BLOCK);
		return (uint16_t)(i * 64 + bit);
	}
	return 0;
}

static void block_free(uint16_t block)
{
	uint64_t bit = (uint64_t)1 << block % 64;
	CHECK(block != 0 && (bitmap[block / 64] & bit) != 0);
	bitmap[block / 64] &= ~bit;
}

/* The block at an index of a file; made if it is not there and `make` is set. 0: none. */
static uint16_t block_of(struct inode *inode, unsigned index, bool make)
{
	uint16_t *slot;
	if (index < DIRECT) {
		slot = &inode->blocks[index];
	} else {
		if (inode->indirect == 0 && (!make || (inode->indirect = block_allocate()) == 0))
			return 0;
		slot = (uint16_t *)disk[inode->indirect] + (index - DIRECT);
	}
	if (*slot == 0 && make)
		*slot = block_allocate();
	return *slot;
}

static uint32_t file_read(struct inode *inode, uint32_t at, uint8_t *to, uint32_t count)
{
	if (at >= inode->size)
		return 0;
	if (count > inode->size - at)
		count = inode->size - at;
	for (uint32_t done = 0, part; done < count; done += part) {
		uint16_t block = block_of(inode, (at + done) / BLOCK, false);
		part = BLOCK - (at + done) % BLOCK;
		if (part > count - done)
			part = count - done;
		if (block == 0)
			memset(to + done, 0, part);
		else
			memcpy(to + done, disk[block] + (at + done) % BLOCK, part);
	}
	return count;
}

static uint32_t file_write(struct inode *inode, uint32_t at, const uint8_t *from, uint32_t count)
{
	uint32_t done = 0;
	if (at >= MOST_BYTES)
		return 0;
	if (count > MOST_BYTES - at)
		count = MOST_BYTES - at;
	while (done < count) {
		uint16_t block = block_of(inode, (at + done) / BLOCK, true);
		uint32_t part = BLOCK - (at + done) % BLOCK;
		if (block == 0)
			break;
		if (part > count - done)
			part = count - done;
		memcpy(disk[block] + (at + done) % BLOCK, from + done, part);
		done += part;
	}
	if (done > 0 && at + done > inode->size)
		inode->size = at + done;
	return done;
}

static void file_truncate(struct inode *inode)
{
	for (unsigned i = 0; i < DIRECT; i++)
		if (inode->blocks[i] != 0)
			block_free(inode->blocks[i]);
	if (inode->indirect != 0) {
		const uint16_t *slots = (const uint16_t *)disk[inode->indirect];
		for (unsigned i = 0; i < PER_BLOCK; i++)
			if (slots[i] != 0)
				block_free(slots[i]);
		block_free(inode->indirect);
	}
	memset(inode->blocks, 0, sizeof(inode->blocks));
	inode->indirect = 0;
	inode->size = 0;
}

static uint16_t inode_allocate(enum type type)
{
	for (uint16_t i = ROOT; i < INODES; i++)
		if (inodes[i].type == FREE) {
			inodes[i] = (struct inode){ .type = (uint8_t)type };
			return i;
		}
	return 0;
}

static void inode_release(uint16_t number)
{
	struct inode *inode = &inodes[number];
	if (inode->links > 0 || inode->opened > 0)
		return;
	file_truncate(inode);
	inode->type = FREE;
}

/* Where the entry of a name stands in a directory; of the first free one for NULL, which may be its end. */
static uint32_t directory_find(struct inode *directory, const char *name, struct entry *entry)
{
	uint32_t at = 0;
	for (; file_read(directory, at, (uint8_t *)entry, sizeof(*entry)) == sizeof(*entry); at += sizeof(*entry)) {
		if (name == NULL ? entry->inode == 0 : entry->inode != 0 && strncmp(entry->name, name, NAME) == 0)
			return at;
	}
	entry->inode = 0;
	return at;
}

static bool directory_add(uint16_t directory, const char *name, uint16_t inode)
{
	struct entry entry;
	uint32_t at = directory_find(&inodes[directory], NULL, &entry);
	memset(&entry, 0, sizeof(entry));
	entry.inode = inode;
	for (int i = 0; i < NAME && name[i] != 0; i++)
		entry.name[i] = name[i];
	if (file_write(&inodes[directory], at, (const uint8_t *)&entry, sizeof(entry)) != sizeof(entry))
		return false;
	inodes[inode].links++;
	return true;
}

/* The directory that a path's last name is in, and that name; 0 if there is no such directory. */
static uint16_t walk(const char *path, char last[NAME + 1])
{
	uint16_t directory = ROOT;
	for (;;) {
		int length = 0;
		struct entry entry;
		while (*path == '/')
			path++;
		for (; *path != 0 && *path != '/'; path++)
			if (length < NAME)
				last[length++] = *path;
		last[length] = 0;
		if (*path == 0)
			return directory;
		directory_find(&inodes[directory], last, &entry);
		if (entry.inode == 0 || inodes[entry.inode].type != DIRECTORY)
			return 0;
		directory = entry.inode;
	}
}

static uint16_t lookup(const char *path)
{
	char last[NAME + 1];
	struct entry entry;
	uint16_t directory = walk(path, last);
	if (directory == 0)
		return 0;
	directory_find(&inodes[directory], last, &entry);
	return entry.inode;
}

static uint16_t create(const char *path, enum type type)
{
	char last[NAME + 1];
	struct entry entry;
	uint16_t directory = walk(path, last), inode;
	if (directory == 0)
		return 0;
	directory_find(&inodes[directory], last, &entry);
	if (entry.inode != 0 || (inode = inode_allocate(type)) == 0)
		return 0;
	if (!directory_add(directory, last, inode)) {
		inode_release(inode);
		return 0;
	}
	return inode;
}

static bool link_path(const char *from, const char *to)
{
	char last[NAME + 1];
	uint16_t inode = lookup(from), directory = walk(to, last);
	return inode != 0 && inodes[inode].type == FILE_TYPE && directory != 0 && lookup(to) == 0 &&
	       directory_add(directory, last, inode);
}

static bool is_empty(struct inode *directory)
{
	struct entry entry;
	for (uint32_t at = 0; file_read(directory, at, (uint8_t *)&entry, sizeof(entry)) > 0; at += sizeof(entry))
		if (entry.inode != 0)
			return false;
	return true;
}

static bool remove_path(const char *path)
{
	char last[NAME + 1];
	struct entry entry;
	uint16_t directory = walk(path, last);
	if (directory == 0)
		return false;
	uint32_t at = directory_find(&inodes[directory], last, &entry);
	uint16_t inode = entry.inode;
	if (inode == 0 || (inodes[inode].type == DIRECTORY && !is_empty(&inodes[inode])))
		return false;
	memset(&entry, 0, sizeof(entry));
	file_write(&inodes[directory], at, (const uint8_t *)&entry, sizeof(entry));
	inodes[inode].links--;
	inode_release(inode);
	return true;
}

/* Open files: of the disk, a counter that can only be read, and a sink that sums up what is written. */
struct open_file;

struct file_operations {
	uint32_t (*read)(struct open_file *, uint8_t *, uint32_t);
	uint32_t (*write)(struct open_file *, const uint8_t *, uint32_t);
	void (*close)(struct open_file *);
};

struct open_file {
	const struct file_operations *operations;
	uint16_t inode;
	uint32_t at;
	uint64_t state;
};

static uint32_t disk_read(struct open_file *file, uint8_t *to, uint32_t count)
{
	uint32_t done = file_read(&inodes[file->inode], file->at, to, count);
	file->at += done;
	return done;
}

static uint32_t disk_write(struct open_file *file, const uint8_t *from, uint32_t count)
{
	uint32_t done = file_write(&inodes[file->inode], file->at, from, count);
	file->at += done;
	return done;
}

static void disk_close(struct open_file *file)
{
	inodes[file->inode].opened--;
	inode_release(file->inode);
}

static uint32_t counter_read(struct open_file *file, uint8_t *to, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		to[i] = (uint8_t)file->state++;
	return count;
}

static uint32_t sink_write(struct open_file *file, const uint8_t *from, uint32_t count)
{
	file->state = fnv(file->state, from, count);
	return count;
}

static uint32_t no_read(struct open_file *file, uint8_t *to, uint32_t count)
{
	(void)file, (void)to, (void)count;
	return 0;
}

static uint32_t no_write(struct open_file *file, const uint8_t *from, uint32_t count)
{
	(void)file, (void)from, (void)count;
	return 0;
}

static void no_close(struct open_file *file)
{
	file->operations = NULL;
}

static const struct file_operations disk_operations = { disk_read, disk_write, disk_close },
				    counter_operations = { counter_read, no_write, no_close },
				    sink_operations = { no_read, sink_write, no_close };

static bool open_path(struct open_file *file, const char *path)
{
	uint16_t inode = lookup(path);
	if (inode == 0)
		inode = create(path, FILE_TYPE);
	if (inode == 0 || inodes[inode].type != FILE_TYPE)
		return false;
	*file = (struct open_file){ &disk_operations, inode, 0, 0 };
	inodes[inode].opened++;
	return true;
}

static uint32_t copy(struct open_file *from, struct open_file *to, uint32_t count)
{
	uint8_t buffer[100];
	uint32_t done = 0;
	while (done < count) {
		uint32_t part = count - done < sizeof(buffer) ? count - done : (uint32_t)sizeof(buffer);
		uint32_t got = from->operations->read(from, buffer, part);
		uint32_t put = to->operations->write(to, buffer, got);
		done += put;
		if (got < part || put < got)
			break;
	}
	return done;
}

/* What should be there, of each path: how many bytes from which count on, or -1. */
#define DIRECTORIES 4
#define FILES 24

struct model {
	int32_t size;
	uint8_t start;
};

static struct model models[DIRECTORIES][FILES];

static void path_of(char *path, size_t size, unsigned directory, unsigned file)
{
	print_to(path, size, "/d%u/sub/file-%u", directory, file);
}

static void check_file(const char *path, const struct model *model)
{
	struct open_file file, sink = { &sink_operations, 0, 0, FNV_START };
	if (model->size < 0) {
		CHECK(lookup(path) == 0);
		return;
	}
	CHECK(open_path(&file, path));
	CHECK(inodes[file.inode].size == (uint32_t)model->size);
	CHECK(copy(&file, &sink, MOST_BYTES) == (uint32_t)model->size);
	uint64_t expected = FNV_START;
	for (int32_t i = 0; i < model->size; i++) {
		uint8_t byte = (uint8_t)(model->start + i);
		expected = fnv(expected, &byte, 1);
	}
	CHECK(sink.state == expected);
	file.operations->close(&file);
}

static void change_file(struct random *random, const char *path, struct model *model)
{
	struct open_file file;
	CHECK(open_path(&file, path));
	uint32_t more = random_below(random, random_below(random, 10) == 0 ? 3000 : 500);
	if (model->size < 0)
		*model = (struct model){ 0, (uint8_t)random_u32(random) };
	struct open_file counter = { &counter_operations, 0, 0, (uint64_t)(model->start + model->size) };
	file.at = (uint32_t)model->size;
	model->size += (int32_t)copy(&counter, &file, more);
	CHECK(inodes[file.inode].size == (uint32_t)model->size);
	file.operations->close(&file);
}

static void format(void)
{
	memset(bitmap, 0, sizeof(bitmap));
	memset(inodes, 0, sizeof(inodes));
	memset(models, 0xff, sizeof(models));
	bitmap[0] = 1; /* Block 0 is no block. */
	inodes[ROOT] = (struct inode){ .type = DIRECTORY, .links = 1 };
	for (unsigned i = 0; i < DIRECTORIES; i++) {
		char path[32];
		print_to(path, sizeof(path), "/d%u", i);
		CHECK(create(path, DIRECTORY) != 0);
		print_to(path, sizeof(path), "/d%u/sub", i);
		CHECK(create(path, DIRECTORY) != 0);
	}
	CHECK(create("/d0", DIRECTORY) == 0 && lookup("/d9/sub") == 0 && !remove_path("/d0"));
}

static void remove_all(void)
{
	char path[32];
	for (unsigned directory = 0; directory < DIRECTORIES; directory++) {
		for (unsigned file = 0; file < FILES; file++) {
			path_of(path, sizeof(path), directory, file);
			CHECK(remove_path(path) == (models[directory][file].size >= 0));
		}
		print_to(path, sizeof(path), "/d%u/sub", directory);
		CHECK(remove_path(path));
		print_to(path, sizeof(path), "/d%u", directory);
		CHECK(remove_path(path));
	}
	file_truncate(&inodes[ROOT]);
	for (unsigned i = 0; i < COUNT_OF(bitmap); i++)
		CHECK(bitmap[i] == (i == 0));
	for (unsigned i = ROOT + 1; i < INODES; i++)
		CHECK(inodes[i].type == FREE);
}

int program(uint32_t rounds)
{
	uint64_t written = 0, links = 0;
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		char path[32], other[32];
		format();
		for (int step = 0; step < 120; step++) {
			unsigned directory = random_below(&random, DIRECTORIES), file = random_below(&random, FILES);
			struct model *model = &models[directory][file];
			path_of(path, sizeof(path), directory, file);
			switch (random_below(&random, 6)) {
			case 0:
				CHECK(remove_path(path) == (model->size >= 0));
				model->size = -1;
				break;
			case 1:
				check_file(path, model);
				break;
			case 2:
				/* Under another name, from where it is read and removed again. */
				print_to(other, sizeof(other), "/d%u/link", random_below(&random, DIRECTORIES));
				CHECK(link_path(path, other) == (model->size >= 0));
				if (model->size < 0)
					break;
				check_file(other, model);
				CHECK(remove_path(other));
				links++;
				break;
			default:
				change_file(&random, path, model);
			}
		}
		for (unsigned directory = 0; directory < DIRECTORIES; directory++)
			for (unsigned file = 0; file < FILES; file++) {
				path_of(path, sizeof(path), directory, file);
				check_file(path, &models[directory][file]);
				if (models[directory][file].size > 0)
					written += (uint64_t)models[directory][file].size;
			}
		remove_all();
	}
	print("filesystem %llu bytes, %llu links\n", (unsigned long long)written, (unsigned long long)links);
	return 0;
}
