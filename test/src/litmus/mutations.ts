/** Damaged litmus files: a typed error or a verdict, never anything else, and never without end. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { LitmusError, runLitmus } from "#src/litmus/index.js";
import { Random, runSeed } from "../../support/random.js";

const LIMITS = { timeLimitMs: 50, maxInstructions: 64 };

const folder = fileURLToPath(new URL("../../litmus/", import.meta.url));
const texts = readdirSync(folder)
  .filter((name) => name.endsWith(".litmus"))
  .map((name) => readFileSync(folder + name, "utf8"));

const PIECES = [
  ..."{}[]()|;:,=*~/\\\"'`\0\n\t #.-+_%&<>09azAZ\u{1f600}",
  ...[
    "(*",
    "*)",
    "P0",
    "P1:L0",
    "0:X0=",
    "x",
    "[x]",
    "exists",
    "~exists",
    "forall",
    "locations [",
    "filter ",
    "/\\",
    "\\/",
  ],
  ...[
    "=>",
    "not ",
    "fault(",
    'instr:"',
    'label:"',
    "NOP",
    "uint64_t ",
    "int y[2]={1,2};",
    "0x",
    "-1",
    "99999999999999999999",
  ],
  ...[
    "RET",
    "BR X1",
    "B .",
    "B .-4",
    "B .+4096",
    "LDR X2,[X1]",
    "STR W0,[X1]",
    "STP X0,X1,[X1],#16",
    "LDXR W2,[X1]",
    "UDF #0",
  ],
  ...[
    "SVC #0",
    "ERET",
    "WFE",
    "ISB",
    "DC CVAU,X1",
    "IC IALLU",
    "MSR ELR_EL1,X1",
    "LDADD W0,W1,[X1]",
    "P0.F",
    "L0: L1:",
  ],
];

/** One damage: a piece put in, some text taken out, doubled, exchanged, or cut off. */
function damaged(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const length = 1 + random.below(random.oneIn(4) ? 200 : 8);
  const cut = text.slice(at, at + length);
  switch (random.below(6)) {
    case 0:
      return text.slice(0, at) + random.pick(PIECES) + text.slice(at);
    case 1:
      return text.slice(0, at) + random.pick(PIECES) + text.slice(at + length);
    case 2:
      return text.slice(0, at) + text.slice(at + length);
    case 3:
      return text.slice(0, at) + cut + text.slice(at);
    case 4: {
      const other = random.below(text.length + 1);
      return text.slice(0, other) + cut + text.slice(other);
    }
    default:
      return random.oneIn(8)
        ? text.slice(0, at)
        : text.slice(0, at) + random.pick(texts).slice(at, at + length) + text.slice(at);
  }
}

/** Runs as many mutations of the project's own tests, the same ones for one seed. */
export function runMutations(count: number): void {
  const counts = { verdicts: 0, refused: 0 };
  for (let index = 0; index < count; index++) {
    const random = new Random(`litmus ${runSeed} ${index}`);
    let text = random.pick(texts);
    for (let damage = 1 + random.below(3); damage > 0; damage--) text = damaged(text, random);
    try {
      const verdict = runLitmus(text, "mutated.litmus", LIMITS);
      expect(verdict.states.length).toBe(verdict.holding + verdict.failing);
      counts.verdicts++;
    } catch (error) {
      if (!(error instanceof LitmusError))
        throw new Error(`mutation ${index} of seed ${runSeed}:\n${text}`, { cause: error });
      expect(error.line).toBeGreaterThan(0);
      expect(error.column).toBeGreaterThan(0);
      counts.refused++;
    }
  }
  // Damage to comments and blanks leaves a test what it was; most else is refused.
  expect(counts.verdicts).toBeGreaterThan(count / 20);
  expect(counts.refused).toBeGreaterThan(count / 20);
}
