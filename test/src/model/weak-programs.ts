/** Random programs of two or three threads with all kinds of accesses, dependencies and barriers, as litmus tests. */
import type { Random } from "../../support/random.js";

/**
 * @: the next register to read into (W0 to W3); %: one that has been read into before; $: an address; &: a value to store (W7,
 * W8); =: a label of its own. `;` separates instructions.
 */
const accesses = [
  "LDR W@,[$]",
  "LDR W@,[$]",
  "LDR X@,[$]",
  "LDRB W@,[$]",
  "LDRH W@,[$,#2]",
  "LDR W@,[$,#4]",
  "LDUR W@,[$,#1]",
  "LDP W@,W3,[$]",
  "LDAR W@,[$]",
  "LDAPR W@,[$]",
  "STR W&,[$]",
  "STR W&,[$]",
  "STR X&,[$]",
  "STRB W&,[$]",
  "STRH W&,[$,#2]",
  "STP W&,W8,[$]",
  "STLR W&,[$]",
  "SWP W&,W@,[$]",
  "SWPA W&,W@,[$]",
  "SWPL W&,WZR,[$]",
  "LDADD W&,W@,[$]",
  "LDADDAL W&,W@,[$]",
  "LDADDA W&,WZR,[$]",
  "STADD W&,[$]",
  "LDUMAX W&,W@,[$]",
  "CAS W@,W&,[$]",
  "CASAL W@,W&,[$]",
  "CASL W@,W&,[$]",
  "LDXR W@,[$]; STXR W11,W&,[$]",
  "LDAXR W@,[$]; STLXR W11,W&,[$]",
  "LDXR W@,[$]",
];
const barriers = ["DMB SY", "DMB LD", "DMB ST", "DSB SY", "DSB LD", "DSB ST", "ISB", "DC CVAU,$", "IC IVAU,$"];
const dependencies = [
  "EOR W10,W%,W%; LDR W@,[$,W10,SXTW]",
  "EOR W10,W%,W%; STR W&,[$,W10,SXTW]",
  "STR W%,[$]",
  "CBNZ W%,=; =: NOP",
  "CBNZ W%,=; =: ISB",
  "CMP W%,#1; CSEL W9,W7,W8,EQ; STR W9,[$]",
  "CMP W%,#1; CSEL X10,$,$,EQ; LDR W@,[X10]",
  "MOV W9,W%; STR W9,[$]; LDR W@,[$]",
];

const ADDRESSES = ["X4", "X5", "X6"];

class Writer {
  #read = 0;
  #labels = 0;

  constructor(
    readonly random: Random,
    readonly locations: number,
  ) {}

  column(length: number): string[] {
    return Array.from({ length }, () => this.#step()).flat();
  }

  #step(): string[] {
    const kind = this.random.below(10);
    const list = kind < 6 ? accesses : kind < 8 && this.#read > 0 ? dependencies : barriers;
    const address = this.random.oneIn(2) ? this.#address() : undefined;
    const label = `L${this.#labels++}`;
    return this.random
      .pick(list)
      .split("; ")
      .map((text) =>
        text
          .replaceAll("$", () => address ?? this.#address())
          .replaceAll("=", label)
          .replaceAll("&", () => this.random.pick(["7", "8"]))
          .replaceAll("%", () => String(this.random.below(Math.min(this.#read, 3)))),
      )
      .map((text) => text.replaceAll("@", () => String(this.#read++ % 3)));
  }

  #address(): string {
    return ADDRESSES[this.random.below(this.locations)] as string;
  }
}

export function randomLitmus(random: Random): string {
  const threads = random.oneIn(5) ? 3 : 2;
  const locations = random.oneIn(5) ? 3 : 2;
  const columns = Array.from({ length: threads }, (_, thread) =>
    new Writer(random, locations)
      .column(threads === 3 ? 2 + random.below(2) : 3 + random.below(2))
      .map((cell) => cell.replaceAll(/\bL(\d+)/g, `L${thread}x$1`)),
  );
  const rows = Math.max(...columns.map((column) => column.length));
  const registers = columns.map((_, thread) => {
    const values = `${thread}:X7=${2 * thread + 1}; ${thread}:X8=${2 * thread + 2};`;
    const results = [0, 1, 2, 3].map((n) => `uint64_t ${thread}:X${n};`).join(" ");
    return `${thread}:X4=x; ${thread}:X5=y; ${thread}:X6=z; ${values} ${results}`;
  });
  const observed = columns.flatMap((_, thread) => [0, 1, 2, 3].map((n) => `${thread}:X${n};`));
  return [
    "AArch64 random",
    `{ uint64_t x; uint64_t y; uint64_t z;`,
    ...registers.map((line) => `  ${line}`),
    "}",
    ` ${columns.map((_, thread) => `P${thread}`).join(" | ")} ;`,
    ...Array.from({ length: rows }, (_, row) => ` ${columns.map((column) => column[row] ?? "").join(" | ")} ;`),
    `locations [${observed.join(" ")} x; y; z;]`,
    "",
  ].join("\n");
}
