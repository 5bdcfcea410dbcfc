/** Fresh comparisons with GNU as, ld and objdump, where they are installed. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { assemble, assembleInstruction } from "#engine/a64/assembler/index.js";
import { disassemble } from "#engine/a64/disassembler.js";
import { aliases, rows } from "#engine/a64/table.js";
import {
  addresses,
  assembleProgramWithGnu,
  assembleWithGnu,
  compileWithGnu,
  disassembleWithGnu,
  gnuToolsPresent,
  readPrograms,
} from "./gnu/gnu-as.mjs";
import { randomTexts, randomWords, wordOf } from "./gnu/texts.mjs";

const present = gnuToolsPresent();
if (!present)
  console.log("SKIPPED: aarch64-linux-gnu-as, ld, objdump and gcc (Debian: gcc-aarch64-linux-gnu) are not installed");

const seed = Number(process.env["CMODX_SEED"] ?? Date.now() % 2 ** 31);

describe.skipIf(!present)(`GNU binutils (CMODX_SEED=${seed})`, () => {
  test("random operands for every row and alias: the same words", () => {
    const texts = randomTexts(seed, 40, (index) => addresses[".text"] + 4n * BigInt(index));
    const theirs = assembleWithGnu(texts.map(({ text }) => text));
    const refused = new Set(
      texts.filter((_, index) => theirs[index] === undefined).map(({ text }) => text.split(" ")[0]),
    );
    const different = texts
      .map(({ text, address }, index) => ({ text, ours: assembleInstruction(text, address), theirs: theirs[index] }))
      .filter((one) => one.theirs !== undefined && one.ours !== one.theirs);
    expect(different).toEqual([]);
    // This version of GNU as does not know the newer name of CLEARBHB.
    refused.delete("clrbhb");
    expect([...refused]).toEqual([]);
  });

  test("random words of every row and alias: the same text", () => {
    const random = randomWords(seed + 1);
    const words = [...rows, ...aliases].flatMap(({ pattern }) =>
      Array.from({ length: 100 }, (_, turn) => wordOf(pattern, random, turn)),
    );
    const theirs = disassembleWithGnu(words);
    const different = words
      .map((word, index) => ({
        word: word.toString(16),
        ours: disassemble(word, 4n * BigInt(index)),
        theirs: theirs[index],
      }))
      // What stands behind a bitmask that can be written in several ways is this project's own.
      .filter(({ ours, theirs }) => ours?.replace(/, immr #\d+$/, "") !== theirs)
      // objdump takes LDPSW with writeback into one of its registers for unallocated; LDP it does not.
      .filter(({ ours, theirs }) => !(theirs === undefined && ours?.startsWith("ldpsw")));
    expect(different).toEqual([]);
  });

  test("the recorded programs are what GNU gives today", () => {
    const recorded = JSON.parse(readFileSync(new URL("gnu/programs.json", import.meta.url), "utf8"));
    expect([...readPrograms()].map(([title, text]) => ({ title, ...assembleProgramWithGnu(text) }))).toEqual(recorded);
  });

  test.each(["-O0", "-O1", "-O2", "-O3", "-Os"])("what gcc %s makes of C: the same bytes", (level) => {
    const text = compileWithGnu(source, level);
    const { sections } = assembleProgramWithGnu(text);
    const program = assemble(text, { base: addresses[".text"], sections: addresses });
    const ours = program.sections.filter(({ name }) => name !== ".bss");
    expect(Object.fromEntries(ours.map(({ name, bytes }) => [name, Buffer.from(bytes).toString("hex")]))).toEqual(
      sections,
    );
  });
});

/** Loops, tables, pointers, atomics, wide arithmetic, a switch, stack arrays, inline assembly. */
const source = `
  struct node { struct node *next; long value; char tag[5]; short number; };
  static struct node pool[16];
  int counter = 5;
  static const int table[] = {1, 2, 3, -4, 5, 6, 7, 8};
  long big = 0x123456789abcdef;
  unsigned char bytes[] = {1, 2, 255};
  int (*handlers[3])(int);
  int choose(int x) {
    switch (x) { case 0: return 5; case 1: return 70000; case 2: return 99; case 3: return -4; case 4: return counter;
      case 5: return 1234567; case 6: return table[x]; default: return handlers[x % 3](x); }
  }
  unsigned long crc(const unsigned char *p, unsigned long n) {
    unsigned long c = ~0ul;
    while (n--) { c ^= *p++; for (int i = 0; i < 8; i++) c = (c >> 1) ^ (c & 1 ? 0xEDB88320 : 0); }
    return c;
  }
  long atomics(long *p, int *q, long v) {
    int expected = 3;
    __atomic_compare_exchange_n(q, &expected, 4, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST) + __atomic_exchange_n(p, expected, __ATOMIC_ACQUIRE) + __atomic_load_n(q, __ATOMIC_ACQUIRE);
  }
  void insert(struct node *head, long v) {
    for (int i = 0; i < 16; i++) if (!pool[i].next) { pool[i].next = head->next; pool[i].value = v; pool[i].number = i; head->next = &pool[i]; return; }
  }
  unsigned long high(unsigned long a, unsigned long b) { return ((unsigned __int128)a * b) >> 64; }
  long divide(long a, long b) { return a / b + a % b + (int)a / (int)(b | 1); }
  unsigned mix(unsigned a) { return __builtin_bswap32(a) ^ __builtin_clz(a | 1) ^ (a << 5 | a >> 27) ^ ((a >> 3) & 31); }
  unsigned long fields(unsigned long a, unsigned long b) { return (a & ~0xff00ul) | ((b & 0xff) << 8) | (a >> 60); }
  int compare(long a, long b, long c) { return a < b && b < c ? 1 : a == c || b > 100 ? -1 : 0; }
  short halves(short *p, signed char *q, int i) { p[i] += q[i]; p[i * 2] = (short)(q[3] * p[2]); return p[1]; }
  int frame(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j) {
    char buffer[5000];
    for (int k = 0; k < 5000; k++) buffer[k] = k * a;
    return a + b * c - d / e + f * g - h + i * j + buffer[j & 4095];
  }
  long constant(void) { return 0x1234567890abcdef; }
  void maintain(void *p) { asm volatile("dmb ish\\n\\tisb\\n\\tdc cvau, %0\\n\\tic ivau, %0" ::"r"(p) : "memory"); }
`;
