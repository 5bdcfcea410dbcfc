/* A red-black tree with parent pointers: inserted into, searched, walked and erased from, and compared with a bitmap. */
#include "program.h"

struct node {
	struct node *parent, *left, *right;
	bool red;
	uint32_t key;
	uint64_t value;
};

struct tree {
	struct node *root;
};

static void replace_child(struct tree *tree, struct node *parent, struct node *old, struct node *with)
{
	if (parent == NULL)
		tree->root = with;
	else if (parent->left == old)
		parent->left = with;
	else
		parent->right = with;
	if (with != NULL)
		with->parent = parent;
}

static void rotate_left(struct tree *tree, struct node *node)
{
	struct node *up = node->right;
	node->right = up->left;
	if (up->left != NULL)
		up->left->parent = node;
	replace_child(tree, node->parent, node, up);
	up->left = node;
	node->parent = up;
}

static void rotate_right(struct tree *tree, struct node *node)
{
	struct node *up = node->left;
	node->left = up->right;
	if (up->right != NULL)
		up->right->parent = node;
	replace_child(tree, node->parent, node, up);
	up->right = node;
	node->parent = up;
}

static bool insert(struct tree *tree, struct node *node)
{
	struct node *parent = NULL, **at = &tree->root;
	while (*at != NULL) {
		parent = *at;
		if (node->key == parent->key)
			return false;
		at = node->key < parent->key ? &parent->left : &parent->right;
	}
	node->parent = parent;
	node->left = node->right = NULL;
	node->red = true;
	*at = node;
	while ((parent = node->parent) != NULL && parent->red) {
		struct node *grandparent = parent->parent;
		bool left = parent == grandparent->left;
		struct node *uncle = left ? grandparent->right : grandparent->left;
		if (uncle != NULL && uncle->red) {
			parent->red = uncle->red = false;
			grandparent->red = true;
			node = grandparent;
			continue;
		}
		if (left) {
			if (node == parent->right) {
				rotate_left(tree, parent);
				parent = node;
			}
			rotate_right(tree, grandparent);
		} else {
			if (node == parent->left) {
				rotate_right(tree, parent);
				parent = node;
			}
			rotate_left(tree, grandparent);
		}
		parent->red = false;
		grandparent->red = true;
		break;
	}
	tree->root->red = false;
	return true;
}

static bool is_red(const struct node *node)
{
	return node != NULL && node->red;
}

/* A black node is missing above `node`, which may be NULL, below `parent`. */
static void repair(struct tree *tree, struct node *node, struct node *parent)
{
	while (parent != NULL && !is_red(node)) {
		bool left = node == parent->left;
		struct node *sibling = left ? parent->right : parent->left;
		if (sibling->red) {
			sibling->red = false;
			parent->red = true;
			(left ? rotate_left : rotate_right)(tree, parent);
			sibling = left ? parent->right : parent->left;
		}
		if (!is_red(sibling->left) && !is_red(sibling->right)) {
			sibling->red = true;
			node = parent;
			parent = node->parent;
			continue;
		}
		struct node *outer = left ? sibling->right : sibling->left;
		if (!is_red(outer)) {
			(left ? sibling->left : sibling->right)->red = false;
			sibling->red = true;
			(left ? rotate_right : rotate_left)(tree, sibling);
			sibling = left ? parent->right : parent->left;
			outer = left ? sibling->right : sibling->left;
		}
		sibling->red = parent->red;
		parent->red = outer->red = false;
		(left ? rotate_left : rotate_right)(tree, parent);
		return;
	}
	if (node != NULL)
		node->red = false;
}

static void erase(struct tree *tree, struct node *node)
{
	struct node *child, *parent;
	bool black;
	if (node->left != NULL && node->right != NULL) {
		struct node *heir = node->right;
		while (heir->left != NULL)
			heir = heir->left;
		child = heir->right;
		parent = heir->parent == node ? heir : heir->parent;
		black = !heir->red;
		replace_child(tree, heir->parent, heir, child);
		heir->left = node->left;
		heir->right = node->right;
		heir->red = node->red;
		if (heir->left != NULL)
			heir->left->parent = heir;
		if (heir->right != NULL)
			heir->right->parent = heir;
		replace_child(tree, node->parent, node, heir);
	} else {
		child = node->left != NULL ? node->left : node->right;
		parent = node->parent;
		black = !node->red;
		replace_child(tree, parent, node, child);
	}
	if (black)
		repair(tree, child, parent);
}

static struct node *find(struct tree *tree, uint32_t key)
{
	struct node *node = tree->root;
	while (node != NULL && node->key != key)
		node = key < node->key ? node->left : node->right;
	return node;
}

static struct node *first(struct tree *tree)
{
	struct node *node = tree->root;
	while (node != NULL && node->left != NULL)
		node = node->left;
	return node;
}

static struct node *following(struct node *node)
{
	if (node->right != NULL) {
		node = node->right;
		while (node->left != NULL)
			node = node->left;
		return node;
	}
	while (node->parent != NULL && node == node->parent->right)
		node = node->parent;
	return node->parent;
}

/* Black nodes on every way down: equal on all of them, and no red node below a red one. */
static int check_below(const struct node *node)
{
	if (node == NULL)
		return 1;
	CHECK(!node->red || (!is_red(node->left) && !is_red(node->right)));
	CHECK(node->left == NULL || (node->left->parent == node && node->left->key < node->key));
	CHECK(node->right == NULL || (node->right->parent == node && node->right->key > node->key));
	int left = check_below(node->left), right = check_below(node->right);
	CHECK(left == right);
	return left + !node->red;
}

#define KEYS 4096
#define STEPS 5000

static struct node nodes[KEYS];
static uint8_t present[KEYS];

int program(uint32_t rounds)
{
	uint64_t hash = FNV_START;
	struct tree tree = { NULL };
	unsigned count = 0;
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		/* Now growing, now shrinking. */
		uint32_t inserts = round % 2 == 0 ? 60 : 35;
		for (int i = 0; i < STEPS; i++) {
			uint32_t key = random_below(&random, KEYS);
			struct node *found = find(&tree, key);
			CHECK((found != NULL) == present[key]);
			if (random_below(&random, 100) < inserts) {
				nodes[key].key = key;
				if (found == NULL)
					nodes[key].value = random_u64(&random);
				bool added = found == NULL && insert(&tree, &nodes[key]);
				CHECK(added == !present[key]);
				count += added;
				present[key] = 1;
			} else if (found != NULL) {
				erase(&tree, found);
				present[key] = 0;
				count--;
			}
		}
		check_below(tree.root);
		unsigned walked = 0;
		uint32_t previous = 0;
		for (struct node *node = first(&tree); node != NULL; node = following(node), walked++) {
			CHECK(walked == 0 || previous < node->key);
			CHECK(present[node->key]);
			previous = node->key;
			hash = hash * 31 + node->value;
		}
		CHECK(walked == count);
	}
	print("rbtree %u %016llx\n", count, (unsigned long long)hash);
	return 0;
}
