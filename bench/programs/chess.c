/*
 * Chess moves (perft): all positions a number of moves away are counted, on a board of 16 x 8 squares (0x88), with moves
 * made and taken back. The counts for these positions are published.
 */
#include "program.h"

enum { NONE, PAWN, KNIGHT, BISHOP, ROOK, QUEEN, KING };
#define WHITE 8
#define BLACK 16
#define KIND(piece) ((piece)&7)

enum { WHITE_SHORT = 1, WHITE_LONG = 2, BLACK_SHORT = 4, BLACK_LONG = 8 };

struct position {
	uint8_t squares[128];
	uint8_t kings[2]; /* White's, black's. */
	uint8_t side;	  /* WHITE or BLACK. */
	uint8_t castling;
	int8_t passed; /* Where a pawn may be taken in passing, or -1. */
};

struct move {
	uint8_t from, to, promotion;
};

struct undo {
	uint8_t taken, taken_at, castling;
	int8_t passed;
};

static const int8_t steps[][8] = {
	[KNIGHT] = { -33, -31, -18, -14, 14, 18, 31, 33 },
	[BISHOP] = { -17, -15, 15, 17 },
	[ROOK] = { -16, -1, 1, 16 },
	[QUEEN] = { -17, -16, -15, -1, 1, 15, 16, 17 },
	[KING] = { -17, -16, -15, -1, 1, 15, 16, 17 },
};
static const uint8_t step_counts[] = { 0, 0, 8, 4, 4, 8, 8 };

static bool attacked(const struct position *p, int square, unsigned by)
{
	int forward = by == WHITE ? 16 : -16;
	for (int side = -1; side <= 1; side += 2) {
		int from = square - forward + side;
		if (!(from & 0x88) && p->squares[from] == (by | PAWN))
			return true;
	}
	for (int i = 0; i < 8; i++) {
		int from = square + steps[KNIGHT][i];
		if (!(from & 0x88) && p->squares[from] == (by | KNIGHT))
			return true;
		int step = steps[KING][i];
		bool diagonal = (step & 1) && step != 1 && step != -1;
		int distance = 1;
		for (from = square + step; !(from & 0x88); from += step, distance++) {
			uint8_t piece = p->squares[from];
			if (piece == NONE)
				continue;
			if ((piece & by) && (KIND(piece) == QUEEN || KIND(piece) == (diagonal ? BISHOP : ROOK) ||
					     (KIND(piece) == KING && distance == 1)))
				return true;
			break;
		}
	}
	return false;
}

static struct move *add_pawn_moves(struct move *list, int from, int to)
{
	if (to < 16 || to >= 112) {
		for (uint8_t kind = KNIGHT; kind <= QUEEN; kind++)
			*list++ = (struct move){ (uint8_t)from, (uint8_t)to, kind };
		return list;
	}
	*list++ = (struct move){ (uint8_t)from, (uint8_t)to, NONE };
	return list;
}

static struct move *pawn_moves(const struct position *p, int from, struct move *list)
{
	int forward = p->side == WHITE ? 16 : -16, to = from + forward;
	unsigned other = p->side ^ (WHITE | BLACK);
	if (p->squares[to] == NONE) {
		list = add_pawn_moves(list, from, to);
		if (from >> 4 == (p->side == WHITE ? 1 : 6) && p->squares[to + forward] == NONE)
			*list++ = (struct move){ (uint8_t)from, (uint8_t)(to + forward), NONE };
	}
	for (int side = -1; side <= 1; side += 2) {
		to = from + forward + side;
		if (!(to & 0x88) && ((p->squares[to] & other) || to == p->passed))
			list = add_pawn_moves(list, from, to);
	}
	return list;
}

static struct move *castling_moves(const struct position *p, struct move *list)
{
	int king = p->side == WHITE ? 4 : 116;
	unsigned other = p->side ^ (WHITE | BLACK), rights = p->side == WHITE ? p->castling : p->castling >> 2;
	const uint8_t *s = p->squares + king;
	if (!(rights & 3) || attacked(p, king, other))
		return list;
	if ((rights & 1) && s[1] == NONE && s[2] == NONE && !attacked(p, king + 1, other))
		*list++ = (struct move){ (uint8_t)king, (uint8_t)(king + 2), NONE };
	if ((rights & 2) && s[-1] == NONE && s[-2] == NONE && s[-3] == NONE && !attacked(p, king - 1, other))
		*list++ = (struct move){ (uint8_t)king, (uint8_t)(king - 2), NONE };
	return list;
}

/* All moves but that some may leave the king attacked. */
static struct move *moves_of(const struct position *p, struct move *list)
{
	for (int from = 0; from < 128; from++) {
		if (from & 0x88) {
			from += 7;
			continue;
		}
		uint8_t piece = p->squares[from];
		if (!(piece & p->side))
			continue;
		int kind = KIND(piece);
		if (kind == PAWN) {
			list = pawn_moves(p, from, list);
			continue;
		}
		for (int i = 0; i < step_counts[kind]; i++) {
			for (int to = from + steps[kind][i]; !(to & 0x88); to += steps[kind][i]) {
				if (p->squares[to] & p->side)
					break;
				*list++ = (struct move){ (uint8_t)from, (uint8_t)to, NONE };
				if (p->squares[to] != NONE || kind == KNIGHT || kind == KING)
					break;
			}
		}
	}
	return castling_moves(p, list);
}

static unsigned rights_lost(int square)
{
	switch (square) {
	case 0:
		return WHITE_LONG;
	case 4:
		return WHITE_SHORT | WHITE_LONG;
	case 7:
		return WHITE_SHORT;
	case 112:
		return BLACK_LONG;
	case 116:
		return BLACK_SHORT | BLACK_LONG;
	case 119:
		return BLACK_SHORT;
	default:
		return 0;
	}
}

static void move_rook(struct position *p, struct move move, bool back)
{
	int from = move.to > move.from ? move.to + 1 : move.to - 2, to = (move.from + move.to) / 2;
	uint8_t rook = p->squares[back ? to : from];
	p->squares[from] = back ? rook : NONE;
	p->squares[to] = back ? NONE : rook;
}

static struct undo make(struct position *p, struct move move)
{
	uint8_t piece = p->squares[move.from];
	struct undo undo = { p->squares[move.to], move.to, p->castling, p->passed };
	int two = move.to - move.from;
	if (KIND(piece) == PAWN && move.to == p->passed) {
		undo.taken_at = (uint8_t)(p->side == WHITE ? move.to - 16 : move.to + 16);
		undo.taken = p->squares[undo.taken_at];
		p->squares[undo.taken_at] = NONE;
	}
	p->passed = -1;
	if (KIND(piece) == PAWN && (two == 32 || two == -32))
		p->passed = (int8_t)((move.from + move.to) / 2);
	p->squares[move.to] = move.promotion != NONE ? p->side | move.promotion : piece;
	p->squares[move.from] = NONE;
	if (KIND(piece) == KING) {
		p->kings[p->side == BLACK] = move.to;
		if (two == 2 || two == -2)
			move_rook(p, move, false);
	}
	p->castling &= (uint8_t) ~(rights_lost(move.from) | rights_lost(move.to));
	p->side ^= WHITE | BLACK;
	return undo;
}

static void take_back(struct position *p, struct move move, struct undo undo)
{
	p->side ^= WHITE | BLACK;
	uint8_t piece = move.promotion != NONE ? p->side | PAWN : p->squares[move.to];
	p->squares[move.to] = NONE;
	p->squares[undo.taken_at] = undo.taken;
	p->squares[move.from] = piece;
	p->castling = undo.castling;
	p->passed = undo.passed;
	if (KIND(piece) == KING) {
		p->kings[p->side == BLACK] = move.from;
		if (move.to - move.from == 2 || move.from - move.to == 2)
			move_rook(p, move, true);
	}
}

static unsigned perft(struct position *p, int depth)
{
	struct move list[224], *end = moves_of(p, list);
	unsigned count = 0;
	for (struct move *move = list; move < end; move++) {
		struct undo undo = make(p, *move);
		unsigned mover = p->side ^ (WHITE | BLACK);
		if (!attacked(p, p->kings[mover == BLACK], p->side))
			count += depth == 1 ? 1 : perft(p, depth - 1);
		take_back(p, *move, undo);
	}
	return count;
}

/* Forsyth-Edwards notation, without the counts of moves. */
static void set_up(struct position *p, const char *text)
{
	static const char letters[] = ".pnbrqk";
	memset(p, 0, sizeof(*p));
	int square = 112;
	for (; *text != ' '; text++) {
		if (*text == '/') {
			square = (square & 0x70) - 16;
		} else if (*text >= '1' && *text <= '8') {
			square += *text - '0';
		} else {
			bool black = *text >= 'a';
			uint8_t kind = PAWN;
			while (letters[kind] != (*text | 32))
				kind++;
			if (kind == KING)
				p->kings[black] = (uint8_t)square;
			p->squares[square++] = (black ? BLACK : WHITE) | kind;
		}
	}
	p->side = *++text == 'w' ? WHITE : BLACK;
	for (text += 2; *text != ' ' && *text != 0; text++)
		p->castling |= *text == 'K'   ? WHITE_SHORT
			       : *text == 'Q' ? WHITE_LONG
			       : *text == 'k' ? BLACK_SHORT
			       : *text == 'q' ? BLACK_LONG
					      : 0;
	p->passed = -1;
}

static const struct {
	const char *text;
	unsigned counts[4];
} known[] = {
	{ "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq", { 20, 400, 8902, 197281 } },
	{ "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq", { 48, 2039, 97862, 4085603 } },
	{ "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w -", { 14, 191, 2812, 43238 } },
	{ "r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq", { 6, 264, 9467, 422333 } },
	{ "rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ", { 44, 1486, 62379, 2103487 } },
};

int program(uint32_t rounds)
{
	unsigned total = 0;
	for (uint32_t round = 0; round < rounds; round++)
		for (unsigned i = 0; i < COUNT_OF(known); i++) {
			struct position p;
			set_up(&p, known[i].text);
			/* Deeper now and then, where it takes no more than some 10,000 positions. */
			int depth = (round + i) % 8 == 7 && known[i].counts[2] < 10000 ? 3 : 2;
			unsigned count = perft(&p, depth);
			CHECK(count == known[i].counts[depth - 1]);
			total += count;
		}
	print("chess %u positions\n", total);
	return 0;
}
