/**
 * Litmus shapes as guest code: a few threads that access a few locations at the same time, over and over, and a histogram of what they
 * read. X0, X1 and X2 are the locations, 32 bits each and zero at first; a thread leaves what it reads in W4, W5; W3 is 1.
 */
import { LINE } from "./cores.js";

/** What each thread read, in the order of threads and registers: "1 0". */
export type Outcome = string;

export interface Shape {
  readonly name: string;
  readonly threads: readonly { readonly text: string; readonly reads: 0 | 1 | 2 }[];
  /** What comes about when the threads' instructions alternate in some order. */
  readonly sequential: readonly Outcome[];
  /** What the architecture allows beside it. */
  readonly relaxed: readonly Outcome[];
  /** Whether a host that is x86 shows that too: its stores wait in a buffer, and nothing else is out of order. */
  readonly onHost?: true;
}

const writeTwo = (between: string, second = "str	w3, [x1]"): Shape["threads"][number] => ({
  text: `	str	w3, [x0]\n${between}	${second}\n`,
  reads: 0,
});
const readTwo = (between: string, first = "ldr	w4, [x1]", second = "ldr	w5, [x0]"): Shape["threads"][number] => ({
  text: `	${first}\n${between}	${second}\n`,
  reads: 2,
});
const messagePassing = { sequential: ["0 0", "0 1", "1 1"] } as const;
const DMB = "	dmb	ish\n";

/** Stores to one location, then reads the other. */
const storeThenRead = (from: number, between: string, store = "str", load = "ldr"): Shape["threads"][number] => ({
  text: `	${store}	w3, [x${from}]\n${between}	${load}	w4, [x${1 - from}]\n`,
  reads: 1,
});
const storeBuffering = { sequential: ["0 1", "1 0", "1 1"] } as const;

const readThenStore = (from: number, store: string): Shape["threads"][number] => ({
  text: `	ldr	w4, [x${from}]\n${store}	str	w6, [x${1 - from}]\n`,
  reads: 1,
});
const loadBuffering = { sequential: ["0 0", "0 1", "1 0"] } as const;

const writer = (location: number): Shape["threads"][number] => ({ text: `	str	w3, [x${location}]\n`, reads: 0 });
const independentReads = (load: string): Shape => {
  const reader = (first: number): Shape["threads"][number] => ({
    text: `	${load}	w4, [x${first}]\n	${load}	w5, [x${1 - first}]\n`,
    reads: 2,
  });
  const pairs = ["0 0", "0 1", "1 0", "1 1"];
  const disagree = "1 0 1 0";
  return {
    name: `IRIW, ${load.toUpperCase()}`,
    threads: [writer(0), writer(1), reader(0), reader(1)],
    sequential: pairs.flatMap((a) => pairs.map((b) => `${a} ${b}`)).filter((outcome) => outcome !== disagree),
    relaxed: load === "ldr" ? [disagree] : [],
  };
};

export const shapes: readonly Shape[] = [
  { name: "MP", threads: [writeTwo(""), readTwo("")], ...messagePassing, relaxed: ["1 0"] },
  { name: "MP, DMB and DMB", threads: [writeTwo(DMB), readTwo(DMB)], ...messagePassing, relaxed: [] },
  { name: "MP, DMB in the writer only", threads: [writeTwo(DMB), readTwo("")], ...messagePassing, relaxed: ["1 0"] },
  {
    name: "MP, STLR and LDAR",
    threads: [writeTwo("", "stlr	w3, [x1]"), readTwo("", "ldar	w4, [x1]")],
    ...messagePassing,
    relaxed: [],
  },
  {
    name: "MP, DMB ISHST and an address",
    threads: [writeTwo("	dmb	ishst\n"), readTwo("	eor	w6, w4, w4\n", undefined, "ldr	w5, [x0, w6, sxtw]")],
    ...messagePassing,
    relaxed: [],
  },
  {
    name: "MP, SWPL and an ISB behind a branch",
    threads: [writeTwo("", "swpl	w3, w6, [x1]"), readTwo("	cbnz	w4, 1f\n1:	isb\n")],
    ...messagePassing,
    relaxed: [],
  },
  {
    name: "SB",
    threads: [storeThenRead(0, ""), storeThenRead(1, "")],
    ...storeBuffering,
    relaxed: ["0 0"],
    onHost: true,
  },
  { name: "SB, DMB and DMB", threads: [storeThenRead(0, DMB), storeThenRead(1, DMB)], ...storeBuffering, relaxed: [] },
  {
    name: "SB, STLR and LDAR",
    threads: [storeThenRead(0, "", "stlr", "ldar"), storeThenRead(1, "", "stlr", "ldar")],
    ...storeBuffering,
    relaxed: [],
  },
  {
    name: "LB",
    threads: [readThenStore(0, "	mov	w6, #1\n"), readThenStore(1, "	mov	w6, #1\n")],
    ...loadBuffering,
    relaxed: ["1 1"],
  },
  {
    name: "LB, data",
    threads: [
      readThenStore(0, "	eor	w6, w4, w4\n	add	w6, w6, #1\n"),
      readThenStore(1, "	eor	w6, w4, w4\n	add	w6, w6, #1\n"),
    ],
    ...loadBuffering,
    relaxed: [],
  },
  {
    name: "CoRR",
    threads: [writer(0), readTwo("", "ldr	w4, [x0]")],
    sequential: ["0 0", "0 1", "1 1"],
    relaxed: [],
  },
  {
    name: "ISA2, STLR and LDAR",
    threads: [
      writeTwo("", "stlr	w3, [x1]"),
      { text: "	ldar	w4, [x1]\n	stlr	w3, [x2]\n", reads: 1 },
      readTwo("", "ldar	w4, [x2]"),
    ],
    // Who has seen the last store, and knows that the one before it saw the first, sees the first.
    sequential: ["0 0 0", "0 0 1", "0 1 0", "0 1 1", "1 0 0", "1 0 1", "1 1 1"],
    relaxed: [],
  },
  independentReads("ldr"),
  independentReads("ldar"),
];

/** Bits of an outcome's number: two a read. */
const READ_BITS = 2;
const OUTCOMES = 256;
/** Bytes of what one instance has of its own: three locations, the barrier, and what its threads have read. */
const INSTANCE = 16 * LINE;
const OUT = 4 * LINE;

/** Looks at a barrier before a thread that waits there goes to sleep: long enough for threads that run at the same time to meet closely. */
const LOOKS = 200;

/** Waits until all threads have come here as often: X13 counts how many came in all, X14 is what that has to be. Changes X6 and X7. */
const barrier = (threads: number, label: string): string => `
	mov	x7, #1
	staddl	x7, [x13]
	add	x14, x14, #${threads}
	mov	x6, #${LOOKS}
${label}.look:
	ldar	x7, [x13]
	cmp	x7, x14
	b.hs	${label}
	subs	x6, x6, #1
	b.ne	${label}.look
	sevl
${label}.wait:
	wfe
	ldaxr	x7, [x13]
	cmp	x7, x14
	b.lo	${label}.wait
${label}:
`;

function threadText({ threads }: Shape, thread: number): string {
  const reads = threads.slice(0, thread).reduce((sum, each) => sum + each.reads, 0);
  const { text, reads: own } = threads[thread] as Shape["threads"][number];
  const pack = ["	mov	x6, #0\n", "	uxtw	x6, w4\n", `	uxtw	x6, w4\n	orr	x6, x6, x5, lsl #${READ_BITS}\n`][own];
  const count = Array.from({ length: threads.length }, (_, i) => `	ldr	x6, [x12, #${i * LINE}]\n	add	x7, x7, x6\n`);
  return `
thread${thread}:
	ldr	x9, =instances
	mov	x3, #${threads.length}
	udiv	x4, x0, x3
	mov	x8, x4
	mov	x5, #${INSTANCE}
	madd	x9, x4, x5, x9
	mov	x10, x1			// turns
	add	x13, x9, #${3 * LINE}
	mov	x14, #0
	add	x15, x0, #1		// what the delays are made of
	add	x12, x9, #${OUT}
	ldr	x11, =histograms
	add	x11, x11, x8, lsl #${Math.log2(8 * OUTCOMES)}
	mov	x0, x9
	add	x1, x9, #${LINE}
	add	x2, x9, #${2 * LINE}
turn${thread}:
${barrier(threads.length, `start${thread}`)}
	eor	x15, x15, x15, lsl #13
	eor	x15, x15, x15, lsr #7
	eor	x15, x15, x15, lsl #17
	and	x7, x15, #15		// a few turns of nothing
	b	2f
1:	sub	x7, x7, #1
2:	cbnz	x7, 1b
	mov	w3, #1
${text}${pack}	lsl	x6, x6, #${READ_BITS * reads}
	str	x6, [x12, #${thread * LINE}]
${barrier(threads.length, `end${thread}`)}
${
  thread > 0
    ? ""
    : `	mov	x7, #0
${count.join("")}	ldr	x6, [x11, x7, lsl #3]
	add	x6, x6, #1
	str	x6, [x11, x7, lsl #3]
	str	wzr, [x0]
	str	wzr, [x1]
	str	wzr, [x2]
`
}	subs	x10, x10, #1
	b.ne	turn${thread}
	mov	x0, #0
	ret
	.ltorg
`;
}

/** thread<n>(X0 = core, X1 = turns): the n-th thread; core c is a thread of instance c / threads. */
export const program = (shape: Shape): string => `
	.data
	.balign	${LINE}
instances: .skip	8 * ${INSTANCE}
histograms: .skip	8 * ${8 * OUTCOMES}

	.text
${shape.threads.map((_, thread) => threadText(shape, thread)).join("")}
`;

/** The outcomes that were counted. `count` gives the histogram's entry of that number. */
export function outcomesOf(
  { threads }: Shape,
  instance: number,
  count: (offset: number) => bigint,
): Map<Outcome, number> {
  const reads = threads.reduce((sum, each) => sum + each.reads, 0);
  const found = new Map<Outcome, number>();
  for (let number = 0; number < 2 ** (READ_BITS * reads); number++) {
    const times = count(8 * (instance * OUTCOMES + number));
    if (times === 0n) continue;
    const values = Array.from({ length: reads }, (_, i) => (number >>> (READ_BITS * i)) & (2 ** READ_BITS - 1));
    found.set(values.join(" "), Number(times));
  }
  return found;
}

/** The same shape as a litmus test, for the model's checker. */
export function litmusText({ name, threads }: Shape): string {
  const columns = threads.map(({ text }) => [
    "MOV W3,#1",
    ...text
      .trim()
      .split("\n")
      .map((line) =>
        line
          .replace(/^\s*1:/, "L:")
          .replace("1f", "L")
          .trim(),
      ),
  ]);
  const rows = Math.max(...columns.map((column) => column.length));
  const setup = threads.map((_, i) => `${i}:X0=x; ${i}:X1=y; ${i}:X2=z;`).join("\n");
  const lines = [
    threads.map((_, i) => `P${i}`),
    ...Array.from({ length: rows }, (_, row) => columns.map((column) => column[row] ?? "")),
  ];
  const registers = threads.flatMap(({ reads }, i) => Array.from({ length: reads }, (_, read) => `${i}:X${4 + read};`));
  return `AArch64 ${name.replaceAll(/[ ,]+/g, "-")}\n{\nx=0; y=0; z=0;\n${setup}\n}\n${lines
    .map((cells) => ` ${cells.join(" | ")} ;`)
    .join("\n")}\nlocations [${registers.join(" ")}]\nexists (${registers[0]?.replace(";", "")}=0)\n`;
}
