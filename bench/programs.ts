/**
 * The C programs of bench/programs under cmodx, under qemu-aarch64, natively and as WebAssembly in node: the same source,
 * for both emulators the same ELF file, all the same number of rounds, which is chosen so that QEMU runs ten seconds or more
 * (--short: 0.75; --seconds N: N or more), and cmodx two fifths of that: with less, compilation is more of a run.
 *
 * A time is that of a whole process less start-up, where start-up is the time of the same process with the work done 0
 * times. So what is compiled at run time counts. Contenders take turns; the fastest of a few runs is taken, of each.
 *
 * Flags: --short, --check, --json (the rows, in place of table and verdict), --only NAME,NAME, --compiler gcc,clang,
 * --level O0,O2,Os, --seconds N, --rounds N, --runs N.
 */
import { parseArgs } from "node:util";
import { type Build, type Contender, contendersFor, type Runner } from "./programs/contenders.js";
import { type Compiler, compilers, type Level, levels, programs, Toolchain } from "./programs/toolchain.js";
import { Verdict, withFolder } from "./support.js";

const GEOMETRIC_MEAN = 2;
const LEAST = 1;
const MEMORY_MIB = 300;
const MIB = 1 << 20;
/** Start-up is short, and what is subtracted should not be one lucky or unlucky run. */
const STARTUP_RUNS = 3;

const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    only: { type: "string" },
    compiler: { type: "string", default: "gcc" },
    level: { type: "string", default: "O2" },
    seconds: { type: "string" },
    rounds: { type: "string" },
    runs: { type: "string" },
  },
});

function secondsFrom(value: string | undefined): number | undefined {
  if (value === undefined || Number(value) > 0) return value === undefined ? undefined : Number(value);
  console.error(`--seconds ${value}: not a number above 0`);
  process.exit(2);
}

/** The names in a comma-separated flag, which must be among `known`. */
function chosen<T extends string>(flag: string, value: string | undefined, known: readonly T[]): readonly T[] {
  if (value === undefined) return known;
  return value.split(",").map((name) => {
    const found = known.find((each) => each === name);
    if (found !== undefined) return found;
    console.error(`--${flag} ${name}: not one of ${known.join(", ")}`);
    process.exit(2);
  });
}

const only = chosen("only", values.only, programs);
const chosenCompilers = chosen<Compiler>("compiler", values.compiler, compilers);
const chosenLevels = chosen<Level>("level", values.level, levels);
const RUNS = Number(values.runs ?? (values.short ? 1 : 3));
/** How long QEMU runs at least, and what part of that cmodx does. */
const SECONDS = secondsFrom(values.seconds) ?? (values.short ? 0.75 : 10);
const PART_OF_CMODX = 0.4;
/** Progress and reasons; with --json the standard output is for the document. */
const say = (line: string): void => (values.json ? console.error(line) : console.log(line));

type Name = Contender["name"];

interface Row extends Build {
  readonly rounds: number;
  /** Seconds after start-up, and of start-up, by contender. */
  readonly seconds: Partial<Record<Name, number>>;
  readonly startup: Partial<Record<Name, number>>;
  readonly peakMib: number;
  /** How many times as fast as these cmodx is. */
  readonly overQemu: number;
  readonly overWasm: number;
}

class Measured {
  startup = Number.POSITIVE_INFINITY;
  whole = Number.POSITIVE_INFINITY;
  peakBytes = 0;

  constructor(
    readonly name: Name,
    private readonly runner: Runner,
  ) {}

  start(): void {
    this.startup = Math.min(this.startup, this.runner(0).seconds);
  }

  /** Seconds after start-up, and the text. */
  run(rounds: number): { seconds: number; text: string } {
    const { seconds, text, peakBytes = 0 } = this.runner(rounds);
    this.peakBytes = Math.max(this.peakBytes, peakBytes);
    return { seconds: seconds - this.startup, text };
  }
}

/** Rounds with which the contender runs at least `wanted` seconds after start-up. */
function calibrate(contender: Measured, wanted: number, from = 1): number {
  let rounds = from;
  for (;;) {
    const { seconds } = contender.run(rounds);
    if (seconds >= wanted) return rounds;
    // In steps, since short runs say little, and aimed somewhat higher than needed.
    const factor = (1.2 * wanted) / Math.max(seconds, wanted / 1000);
    rounds = Math.ceil(rounds * Math.min(factor, 16));
  }
}

/**
 * Rounds with which QEMU runs SECONDS or more, and cmodx its part of that. QEMU finds out first, about how much work that is: it needs
 * no time to get fast, while a run of cmodx that is too short is compilation above all.
 */
function roundsFor(measured: readonly Measured[]): number {
  const [cmodx, qemu] = measured;
  if (cmodx === undefined) throw new Error("cmodx is not among the contenders");
  const from = qemu?.name === "qemu" ? calibrate(qemu, SECONDS) : 1;
  return calibrate(cmodx, SECONDS * PART_OF_CMODX, from);
}

async function measure(build: Build, contenders: readonly Contender[]): Promise<Row> {
  const measured = await Promise.all(
    contenders.map(async (contender) => new Measured(contender.name, await contender.prepare(build))),
  );
  for (let run = 0; run < STARTUP_RUNS; run++) for (const each of measured) each.start();
  const rounds = values.rounds === undefined ? roundsFor(measured) : Number(values.rounds);
  const texts = new Map<string, Name>();
  for (let run = 0; run < RUNS; run++)
    for (const each of measured) {
      const { seconds, text } = each.run(rounds);
      each.whole = Math.min(each.whole, seconds);
      texts.set(text, each.name);
    }
  if (texts.size > 1) throw new Error(`${build.program}: not all print the same: ${JSON.stringify([...texts])}`);
  const seconds = Object.fromEntries(measured.map(({ name, whole }) => [name, whole]));
  const startup = Object.fromEntries(measured.map((each) => [each.name, each.startup]));
  const over = (name: Name): number => (seconds[name] ?? Number.NaN) / (seconds["cmodx"] ?? Number.NaN);
  const peakMib = Math.max(...measured.map(({ peakBytes }) => peakBytes)) / MIB;
  return { ...build, rounds, seconds, startup, peakMib, overQemu: over("qemu"), overWasm: over("wasm") };
}

const geometricMean = (figures: readonly number[]): number =>
  Math.exp(figures.reduce((sum, figure) => sum + Math.log(figure), 0) / figures.length);

const columns = ["cmodx", "qemu", "native", "wasm"] as const;

function line(cells: readonly string[]): string {
  return cells.map((cell, column) => (column === 0 ? cell.padEnd(22) : cell.padStart(column === 1 ? 7 : 8))).join(" ");
}

const figure = (value: number | undefined): string =>
  value === undefined || Number.isNaN(value) ? "-" : value.toFixed(2);

function printRow(row: Row): void {
  const name = `${row.program} ${row.compiler} -${row.level}`;
  const times = columns.map((column) => figure(row.seconds[column]));
  const peak = row.peakMib.toFixed(0);
  say(line([name, String(row.rounds), ...times, figure(row.overQemu), figure(row.overWasm), peak]));
}

function summarise(rows: readonly Row[]): void {
  const verdict = new Verdict();
  const figures = (pick: (row: Row) => number): number[] => rows.map(pick).filter((each) => !Number.isNaN(each));
  const [qemu, wasm] = [figures((row) => row.overQemu), figures((row) => row.overWasm)];
  if (qemu.length > 0) {
    verdict.require("as fast as qemu-aarch64, geometric mean", geometricMean(qemu), "at least", GEOMETRIC_MEAN, "x");
    verdict.require("as fast as qemu-aarch64, the slowest", Math.min(...qemu), "at least", LEAST, "x");
  }
  const peak = Math.max(...rows.map(({ peakMib }) => peakMib));
  verdict.require("peak resident memory beside the guest's", peak, "at most", MEMORY_MIB, " MiB");
  if (wasm.length > 0) console.log(`     as fast as the same C compiled to wasm: ${geometricMean(wasm).toFixed(2)}x`);
  verdict.end();
}

async function measureAll(folder: string): Promise<Row[]> {
  const toolchain = new Toolchain();
  const rows: Row[] = [];
  for (const compiler of chosenCompilers) {
    const contenders = contendersFor(compiler, toolchain, folder, say);
    if (contenders[0]?.name !== "cmodx") continue;
    for (const level of chosenLevels)
      for (const program of only) {
        if (rows.length === 0) say(line(["seconds", "rounds", ...columns, "/qemu", "/wasm", "MiB"]));
        const row = await measure({ program, compiler, level }, contenders);
        rows.push(row);
        printRow(row);
      }
  }
  return rows;
}

const rows = await withFolder(measureAll);
if (values.json) console.log(JSON.stringify({ bench: "programs", node: process.version, rows }));
else if (rows.length > 0) summarise(rows);
