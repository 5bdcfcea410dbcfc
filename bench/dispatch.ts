/**
 * What a call costs, beside qemu-aarch64, Unicorn (the same machine code) and native code (the same loop in C).
 * Requirements: the JIT is at least 4 times faster than either emulator for the direct call and state B,
 * 5 times for NOP+literal and the pointer, and takes at most twice as long as a native direct call.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { Machine } from "cmodx/engine";
import { Bench } from "tinybench";
import { type LoadedCase, loadCases } from "#src/dispatch/program.js";
import { formatTable } from "#src/report/table.js";
import { parseRuns, STACK_TOP, windows, writeElf } from "./image.js";
import { compileHarness, flags, harnessRuns, installed, Verdict, withFolder } from "./support.js";

/** Every column is measured once a round, case by case, so that what else the computer does hits all of them. */
const ROUNDS = flags.short ? 3 : 8;
/** Many runs of about a millisecond: other processes are in the way of most longer ones. */
const RUNS = 80;
const TURNS = { jit: 500_000, interpreter: 15_000, qemu: 100_000, unicorn: 100_000, native: 500_000 };

/** Nanoseconds a turn of a case in the fastest of a few runs, NaN where the column has no such case. */
type Column = (each: LoadedCase) => number;

const absent: Column = () => Number.NaN;

/** The fastest run a turn; throws if a run did not do its calls. */
function fastest(runs: readonly { nanoseconds: number; x0: bigint }[], each: LoadedCase, turns: number): number {
  const expected = each.calls ? BigInt(turns) : 0n;
  for (const { x0 } of runs) {
    if (x0 !== expected) throw new Error(`${each.design} ${each.state}: ${x0} calls in place of ${expected}`);
  }
  return Math.min(...runs.map((run) => run.nanoseconds)) / turns;
}

/** cmodx itself, measured by tinybench. */
function cmodxColumn(machine: Machine, turns: number): Column {
  return (each) => {
    const expected = each.calls ? BigInt(turns) : 0n;
    const bench = new Bench({ iterations: RUNS, time: 0, warmupIterations: RUNS, warmupTime: 0, throws: true });
    bench.add(each.loop, () => {
      const calls = machine.core.call(each.loop, turns);
      if (calls !== expected) throw new Error(`${each.loop}: ${calls} calls in place of ${expected}`);
    });
    const [task] = bench.runSync();
    if (task?.result.state !== "completed") throw new Error(`${each.loop} did not complete`);
    return (task.result.latency.min * 1e6) / turns;
  };
}

function qemuColumn(machine: Machine, folder: string): Column {
  if (!installed("qemu-aarch64")) {
    console.log("no column 'qemu': qemu-aarch64 is not installed");
    return absent;
  }
  return (each) => {
    const path = join(folder, `${each.loop}.elf`);
    writeElf(path, machine, machine.symbols.get(each.loop) ?? 0n, TURNS.qemu, RUNS);
    return fastest(parseRuns(execFileSync("qemu-aarch64", [path])), each, TURNS.qemu);
  };
}

function unicornColumn(machine: Machine, folder: string): Column {
  const harness = compileHarness("unicorn", folder, ["unicorn"]);
  if (harness === undefined) return absent;
  const image = join(folder, "image.elf");
  writeElf(image, machine, 0n, 0, 0);
  return (each) => {
    const loop = machine.symbols.get(each.loop) ?? 0n;
    const numbers = [loop, STACK_TOP, TURNS.unicorn, RUNS, 1].map(String);
    return fastest(harnessRuns(harness, [image, ...numbers]), each, TURNS.unicorn);
  };
}

function nativeColumn(folder: string): Column {
  const harness = compileHarness("native", folder, []);
  if (harness === undefined) return absent;
  return (each) => {
    if (each.design !== "direct" && each.design !== "pointer") return Number.NaN;
    return fastest(harnessRuns(harness, [each.design, String(TURNS.native), String(RUNS)]), each, TURNS.native);
  };
}

interface Row {
  readonly each: LoadedCase;
  readonly jit: number;
  readonly interpreter: number;
  readonly qemu: number;
  readonly unicorn: number;
  readonly native: number;
}

const nanoseconds = (value: number): string => (Number.isNaN(value) ? "-" : value.toFixed(2));
const times = (value: number): string => (Number.isNaN(value) ? "-" : `${value.toFixed(1)}x`);

function printTable(rows: readonly Row[]): void {
  const right = (title: string, cell: (row: Row) => string) => ({ title, align: "right" as const, cell });
  const left = (title: string, cell: (row: Row) => string) => ({ title, align: "left" as const, cell });
  console.log("nanoseconds a turn, fastest run; 'vs' is that column divided by the JIT's\n");
  process.stdout.write(
    formatTable(
      [
        left("design", (row) => row.each.design),
        left("state", (row) => row.each.state),
        right("cmodx JIT", (row) => nanoseconds(row.jit)),
        right("interpreter", (row) => nanoseconds(row.interpreter)),
        right("qemu", (row) => nanoseconds(row.qemu)),
        right("vs", (row) => times(row.qemu / row.jit)),
        right("Unicorn", (row) => nanoseconds(row.unicorn)),
        right("vs", (row) => times(row.unicorn / row.jit)),
        right("native", (row) => nanoseconds(row.native)),
      ],
      rows,
    ),
  );
  console.log();
}

/** How many times faster the JIT must be than each emulator. */
const REQUIRED: readonly { readonly design: string; readonly state: string; readonly factor: number }[] = [
  { design: "direct", state: "BL", factor: 4 },
  { design: "hybrid", state: "B", factor: 4 },
  { design: "hybrid", state: "NOP+literal", factor: 5 },
  { design: "pointer", state: "BLR", factor: 5 },
];
const NATIVE_FACTOR = 2;

function judge(rows: readonly Row[], verdict: Verdict): void {
  const nativeDirect = rows.find((row) => row.each.design === "direct")?.native ?? Number.NaN;
  for (const { design, state, factor } of REQUIRED) {
    const row = rows.find(({ each }) => each.design === design && each.state === state);
    if (row === undefined) throw new Error(`no row ${design} ${state}`);
    const what = `JIT, ${design} ${state}`;
    for (const [name, other] of [
      ["qemu-aarch64", row.qemu],
      ["Unicorn", row.unicorn],
    ] as const) {
      if (!Number.isNaN(other))
        verdict.require(`${what}: faster than ${name} by`, other / row.jit, "at least", factor, "x");
    }
    if (!Number.isNaN(nativeDirect)) {
      verdict.require(`${what}: time of native direct calls`, row.jit / nativeDirect, "at most", NATIVE_FACTOR, "x");
    }
  }
}

const columnNames = ["jit", "interpreter", "qemu", "unicorn", "native"] as const;
type Columns = Readonly<Record<(typeof columnNames)[number], Column>>;

/** All rounds over all cases; each figure is the least of its rounds. */
function measure(loaded: readonly LoadedCase[], columns: Columns): Row[] {
  const rows = loaded.map((each) => ({
    each,
    jit: Number.NaN,
    interpreter: Number.NaN,
    qemu: Number.NaN,
    unicorn: Number.NaN,
    native: Number.NaN,
  }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const row of rows) {
      for (const name of columnNames) {
        const time = columns[name](row.each);
        row[name] = Number.isNaN(row[name]) ? time : Math.min(row[name], time);
      }
    }
  }
  return rows;
}

await withFolder(async (folder) => {
  const machine = await Machine.create({ windows, jit: { background: false } });
  const interpreter = await Machine.create({ windows, jit: false });
  const loaded = loadCases(machine);
  loadCases(interpreter);
  const rows = measure(loaded, {
    jit: cmodxColumn(machine, TURNS.jit),
    interpreter: cmodxColumn(interpreter, TURNS.interpreter),
    qemu: qemuColumn(machine, folder),
    unicorn: unicornColumn(machine, folder),
    native: nativeColumn(folder),
  });
  machine.dispose();
  printTable(rows);
  const verdict = new Verdict();
  judge(rows, verdict);
  verdict.end();
});
