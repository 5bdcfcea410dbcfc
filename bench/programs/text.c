/* Strings: glob patterns, a backtracking regular expression matcher, Boyer-Moore-Horspool search, edit distance, words. */
#include "program.h"

/* '*' any run, '?' any one, [a-z] and [!a-z] classes, \ quotes; as shells have it, without recursion. */
static bool glob(const char *pattern, const char *text)
{
	const char *star = NULL, *retry = NULL;
	for (;;) {
		char c = *pattern++;
		bool matched = false;
		if (c == '*') {
			star = pattern;
			retry = text;
			continue;
		}
		if (*text == 0 && c == 0)
			return true;
		if (*text != 0 && c == '?') {
			matched = true;
		} else if (*text != 0 && c == '[') {
			bool inverted = *pattern == '!', in = false;
			pattern += inverted;
			do {
				char low = *pattern++, high = low;
				if (pattern[0] == '-' && pattern[1] != ']') {
					high = pattern[1];
					pattern += 2;
				}
				in |= low <= *text && *text <= high;
			} while (*pattern != ']');
			pattern++;
			matched = in != inverted;
		} else {
			if (c == '\\')
				c = *pattern++;
			matched = c != 0 && c == *text;
		}
		if (matched) {
			text++;
			continue;
		}
		if (star == NULL || *retry == 0)
			return false;
		pattern = star;
		text = ++retry;
	}
}

/* Regular expressions: literals . [] \d \w \s * + ? | () ^ $, compiled to a program for a backtracking machine. */
enum regex_operation { R_CHARACTER, R_ANY, R_CLASS, R_SPLIT, R_JUMP, R_START, R_END, R_MATCH };

struct regex_step {
	enum regex_operation operation;
	uint8_t character;
	uint16_t a, b; /* Where to go; a class's index. */
};

struct regex {
	struct regex_step steps[128];
	uint32_t classes[8][8];
	uint16_t count, class_count;
};

struct regex_parser {
	struct regex *regex;
	const char *at;
};

static uint16_t emit(struct regex *regex, enum regex_operation operation, uint8_t character, unsigned a, unsigned b)
{
	CHECK(regex->count < COUNT_OF(regex->steps));
	regex->steps[regex->count] = (struct regex_step){ operation, character, (uint16_t)a, (uint16_t)b };
	return regex->count++;
}

static void class_add(uint32_t *set, unsigned low, unsigned high)
{
	for (; low <= high; low++)
		set[low / 32] |= 1u << low % 32;
}

static void class_add_escape(uint32_t *set, char c)
{
	if (c == 'd' || c == 'w')
		class_add(set, '0', '9');
	if (c == 'w') {
		class_add(set, 'a', 'z');
		class_add(set, 'A', 'Z');
		class_add(set, '_', '_');
	}
	if (c == 's') {
		class_add(set, '\t', '\n');
		class_add(set, ' ', ' ');
	}
}

/* Makes room for `by` steps at `from`, and moves the targets that are behind it. */
static void make_room(struct regex *regex, unsigned from, unsigned by)
{
	CHECK(regex->count + by <= COUNT_OF(regex->steps));
	memmove(regex->steps + from + by, regex->steps + from, (regex->count - from) * sizeof(struct regex_step));
	regex->count = (uint16_t)(regex->count + by);
	for (unsigned i = from + by; i < regex->count; i++) {
		struct regex_step *step = &regex->steps[i];
		if (step->operation == R_SPLIT || step->operation == R_JUMP) {
			step->a = (uint16_t)(step->a + by);
			step->b = (uint16_t)(step->b + by);
		}
	}
}

static void parse_alternatives(struct regex_parser *parser);

static void parse_atom(struct regex_parser *parser)
{
	struct regex *regex = parser->regex;
	char c = *parser->at++;
	if (c == '(') {
		parse_alternatives(parser);
		CHECK(*parser->at == ')');
		parser->at++;
	} else if (c == '.') {
		emit(regex, R_ANY, 0, 0, 0);
	} else if (c == '^') {
		emit(regex, R_START, 0, 0, 0);
	} else if (c == '$') {
		emit(regex, R_END, 0, 0, 0);
	} else if (c == '[' || (c == '\\' && (*parser->at == 'd' || *parser->at == 'w' || *parser->at == 's'))) {
		CHECK(regex->class_count < COUNT_OF(regex->classes));
		uint32_t *set = regex->classes[regex->class_count];
		emit(regex, R_CLASS, 0, regex->class_count++, 0);
		if (c == '\\') {
			class_add_escape(set, *parser->at++);
			return;
		}
		bool inverted = *parser->at == '^';
		for (parser->at += inverted; *parser->at != ']'; parser->at++) {
			if (*parser->at == '\\') {
				class_add_escape(set, *++parser->at);
				continue;
			}
			char low = *parser->at;
			if (parser->at[1] == '-' && parser->at[2] != ']')
				parser->at += 2;
			class_add(set, (uint8_t)low, (uint8_t)*parser->at);
		}
		parser->at++;
		for (int i = 0; inverted && i < 8; i++)
			set[i] = ~set[i];
	} else {
		emit(regex, R_CHARACTER, (uint8_t)(c == '\\' ? *parser->at++ : c), 0, 0);
	}
}

static void parse_sequence(struct regex_parser *parser)
{
	struct regex *regex = parser->regex;
	while (*parser->at != 0 && *parser->at != '|' && *parser->at != ')') {
		unsigned start = regex->count;
		parse_atom(parser);
		char suffix = *parser->at;
		if (suffix == '+') {
			emit(regex, R_SPLIT, 0, start, regex->count + 1u);
		} else if (suffix == '*') {
			make_room(regex, start, 1);
			emit(regex, R_JUMP, 0, start, 0);
			regex->steps[start] = (struct regex_step){ R_SPLIT, 0, (uint16_t)(start + 1), regex->count };
		} else if (suffix == '?') {
			make_room(regex, start, 1);
			regex->steps[start] = (struct regex_step){ R_SPLIT, 0, (uint16_t)(start + 1), regex->count };
		} else {
			continue;
		}
		parser->at++;
	}
}

static void parse_alternatives(struct regex_parser *parser)
{
	struct regex *regex = parser->regex;
	unsigned start = regex->count;
	parse_sequence(parser);
	if (*parser->at != '|')
		return;
	parser->at++;
	make_room(regex, start, 1);
	unsigned jump = emit(regex, R_JUMP, 0, 0, 0);
	regex->steps[start] = (struct regex_step){ R_SPLIT, 0, (uint16_t)(start + 1), regex->count };
	parse_alternatives(parser);
	regex->steps[jump].a = regex->count;
}

static void regex_compile(struct regex *regex, const char *pattern)
{
	struct regex_parser parser = { regex, pattern };
	memset(regex, 0, sizeof(*regex));
	parse_alternatives(&parser);
	CHECK(*parser.at == 0);
	emit(regex, R_MATCH, 0, 0, 0);
}

/* The end of the first match by preference, or NULL. */
static const char *match_from(const struct regex *regex, unsigned at, const char *start, const char *text)
{
	for (;;) {
		const struct regex_step *step = &regex->steps[at];
		const char *end;
		uint8_t c = (uint8_t)*text;
		switch (step->operation) {
		case R_CHARACTER:
			if (c != step->character)
				return NULL;
			break;
		case R_ANY:
			if (c == 0 || c == '\n')
				return NULL;
			break;
		case R_CLASS:
			if (c == 0 || !(regex->classes[step->a][c / 32] >> c % 32 & 1))
				return NULL;
			break;
		case R_SPLIT:
			if ((end = match_from(regex, step->a, start, text)) != NULL)
				return end;
			at = step->b;
			continue;
		case R_JUMP:
			at = step->a;
			continue;
		case R_START:
			if (text != start)
				return NULL;
			at++;
			continue;
		case R_END:
			if (c != 0)
				return NULL;
			at++;
			continue;
		case R_MATCH:
			return text;
		}
		at++;
		text++;
	}
}

/* Where the first match begins, or -1; its length. */
static int regex_find(const struct regex *regex, const char *text, int *length)
{
	const char *at = text;
	do {
		const char *end = match_from(regex, 0, text, at);
		if (end != NULL) {
			*length = (int)(end - at);
			return (int)(at - text);
		}
	} while (*at++ != 0);
	return -1;
}

static int search_naive(const char *text, int length, const char *word, int word_length, int from)
{
	for (int at = from; at + word_length <= length; at++)
		if (memcmp(text + at, word, (size_t)word_length) == 0)
			return at;
	return -1;
}

/* Horspool's simplification of Boyer and Moore's algorithm. */
static int search(const char *text, int length, const char *word, int word_length, const int *skips, int from)
{
	for (int at = from; at + word_length <= length; at += skips[(uint8_t)text[at + word_length - 1]]) {
		int i = word_length;
		while (i > 0 && text[at + i - 1] == word[i - 1])
			i--;
		if (i == 0)
			return at;
	}
	return -1;
}

static int edit_distance(const char *a, const char *b)
{
	int row[64], length = (int)strlen(b);
	for (int j = 0; j <= length; j++)
		row[j] = j;
	for (int i = 1; a[i - 1] != 0; i++) {
		int corner = row[0];
		row[0] = i;
		for (int j = 1; j <= length; j++) {
			int best = corner + (a[i - 1] != b[j - 1]);
			corner = row[j];
			best = best < row[j] + 1 ? best : row[j] + 1;
			row[j] = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
		}
	}
	return row[length];
}

static void known_matches(void)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} globs[] = {
		{ "*.c", "text.c", true },	  { "*.c", "text.h", false },	      { "t??t.[ch]", "text.h", true },
		{ "*a*b*c*", "xxaxxbxxc", true }, { "*a*b*c*d", "xxaxxbxxc", false }, { "[!a-f]*", "gone", true },
		{ "[!a-f]*", "bone", false },	  { "", "", true },		      { "*", "", true },
		{ "\\*", "*", true },		  { "\\*", "x", false },
	};
	static const struct {
		const char *pattern, *text;
		int at, length;
	} regexes[] = {
		{ "ab+c", "xabbbc", 1, 5 },	       { "ab+c", "xac", -1, 0 },
		{ "a|bc|d*e", "xxddde", 2, 4 },	       { "^(\\d+)-(\\d+)$", "2021-10", 0, 7 },
		{ "^(\\d+)-(\\d+)$", "2021-1x", -1, 0 }, { "[a-z_]\\w*\\s*\\(", "call foo_1 (x)", 5, 7 },
		{ "(a*b)?c", "aaabc", 0, 5 },	       { "[^ ]+$", "the last word", 9, 4 },
	};
	for (unsigned i = 0; i < COUNT_OF(globs); i++)
		CHECK(glob(globs[i].pattern, globs[i].text) == globs[i].matches);
	for (unsigned i = 0; i < COUNT_OF(regexes); i++) {
		static struct regex regex;
		int length = 0;
		regex_compile(&regex, regexes[i].pattern);
		CHECK(regex_find(&regex, regexes[i].text, &length) == regexes[i].at && length == regexes[i].length);
	}
	CHECK(edit_distance("kitten", "sitting") == 3);
}

#define TEXT 4000

static char letters(struct random *random)
{
	return "etaoinshrdlucmfwypvbgkjqxz"[random_below(random, 26) * random_below(random, 26) / 26];
}

static void make_text(struct random *random, char *text)
{
	int at = 0;
	while (at < TEXT) {
		for (uint32_t n = 1 + random_below(random, 8); n > 0 && at < TEXT; n--)
			text[at++] = letters(random);
		if (at < TEXT && random_below(random, 8) == 0)
			text[at++] = (char)('0' + random_below(random, 10));
		if (at < TEXT)
			text[at++] = ' ';
	}
	text[TEXT] = 0;
}

int program(uint32_t rounds)
{
	static char text[TEXT + 1];
	static struct regex regex;
	uint64_t hash = FNV_START;
	unsigned found = 0;
	known_matches();
	regex_compile(&regex, "([aeiou][^aeiou ])+\\d|q+x*|(st|th)+e?r");
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		make_text(&random, text);
		for (int n = 0; n < 8; n++) {
			int word_length = 2 + (int)random_below(&random, 3), skips[256];
			const char *word = text + random_below(&random, TEXT - 8);
			for (int i = 0; i < 256; i++)
				skips[i] = word_length;
			for (int i = 0; i < word_length - 1; i++)
				skips[(uint8_t)word[i]] = word_length - 1 - i;
			for (int at = -1, other = -1;; found++) {
				at = search(text, TEXT, word, word_length, skips, at + 1);
				other = n == 0 ? search_naive(text, TEXT, word, word_length, other + 1) : at;
				CHECK(at == other);
				if (at < 0)
					break;
				hash = hash * 31 + (uint64_t)at;
			}
		}
		for (int from = 0, length; from < TEXT; from += length) {
			int at = regex_find(&regex, text + from, &length);
			if (at < 0)
				break;
			CHECK(length > 0);
			hash = hash * 31 + (uint64_t)(at + length);
			from += at;
		}
		/* Words, each compared with the one before: distances are symmetric. */
		char words[2][32] = { "", "" };
		int which = 0;
		for (const char *at = text; at < text + TEXT / 4;) {
			size_t length = 0;
			for (; *at != ' ' && *at != 0 && length < 31; at++)
				words[which][length++] = *at;
			at++;
			words[which][length] = 0;
			which ^= 1;
			int distance = edit_distance(words[0], words[1]);
			CHECK(distance == edit_distance(words[1], words[0]));
			hash = hash * 31 + (uint64_t)distance + glob("*e*[st]?", words[which]);
		}
	}
	print("text %u found, %016llx\n", found, (unsigned long long)hash);
	return 0;
}
