/**
 * Many cores: checked calls a second through the thread's trampoline while it is patched, beside multi-threaded qemu-aarch64, and how long it takes
 * until a patch has reached the last core. Both engines execute the same bytes, the program of `cmodx stress`, and every call is checked.
 * Requirements: at least twice QEMU's calls at the same rate of updates; 1.7 times the calls of one caller by two that nobody patches, where the
 * host has two processors; a median latency of at most 200 microseconds with as many cores as the host has processors.
 */
import { availableParallelism } from "node:os";
import { cmodxLatency, type Latency, qemuLatency } from "./stress/latency.js";
import { Qemu } from "./stress/machine.js";
import { cmodxThroughput, type Load, qemuThroughput, type Throughput } from "./stress/throughput.js";
import { flags, Verdict, withFolder } from "./support.js";

const CALLERS = [1, 2, 4];
/** Updates a second. */
const RATES = [0, 1000];
const REQUIRED_OVER_QEMU = 2;
const REQUIRED_SCALING = 1.7;
const REQUIRED_MICROSECONDS = 200;
/** By how much the rates of updates of the two engines may differ, for the calls to be compared. */
const SAME_RATE = 1.1;
const RUNS = flags.short ? 1 : 3;
const DURATION = { milliseconds: flags.short ? 1000 : 3000, settleMilliseconds: flags.short ? 20_000 : 60_000 };
const UPDATES = flags.short ? 500 : 5000;

const MILLION = 1e6;

interface Row {
  readonly load: Load;
  readonly cmodx: Throughput;
  readonly qemu: Throughput | undefined;
}

/** Of several runs the best: a busy machine is in the way of some. */
function best(runs: readonly Throughput[]): Throughput {
  return runs.reduce((a, b) => (b.callsPerSecond > a.callsPerSecond ? b : a));
}

async function measure(load: Load, qemu: Qemu | undefined): Promise<Row> {
  const [ours, theirs]: [Throughput[], Throughput[]] = [[], []];
  // In turns, so that both meet the same machine.
  for (let run = 0; run < RUNS; run++) {
    ours.push(await cmodxThroughput(load));
    if (qemu !== undefined) theirs.push(await qemuThroughput(load, qemu));
  }
  return { load, cmodx: best(ours), qemu: qemu === undefined ? undefined : best(theirs) };
}

const line = (cells: readonly string[]): string => cells.map((cell) => cell.padStart(12)).join("");

const titles = ["callers", "cmodx", "qemu", "ratio", "updates/s", "of qemu", "CPU ns/call", "of qemu"];

function printRow({ load, cmodx, qemu }: Row): void {
  const figures = (figure: (throughput: Throughput) => string): string[] =>
    [cmodx, qemu].map((throughput) => (throughput === undefined ? "-" : figure(throughput)));
  const ratio = qemu === undefined ? "-" : `${(cmodx.callsPerSecond / qemu.callsPerSecond).toFixed(2)}x`;
  const cells = [
    String(load.callers),
    ...figures(({ callsPerSecond }) => (callsPerSecond / MILLION).toFixed(2)),
    ratio,
    ...figures(({ updatesPerSecond }) => updatesPerSecond.toFixed(0)),
    ...figures(({ nanosecondsPerCall }) => nanosecondsPerCall.toFixed(1)),
  ];
  console.log(`${line(cells)}${cmodx.unsettled ? "  (cmodx was still compiling)" : ""}`);
}

function requireThroughput(rows: readonly Row[], verdict: Verdict): void {
  for (const { load, cmodx, qemu } of rows) {
    if (load.rate === 0 || qemu === undefined) continue;
    const what = `${load.callers} callers, ${load.rate} updates/s, as fast as qemu-aarch64`;
    verdict.require(what, cmodx.callsPerSecond / qemu.callsPerSecond, "at least", REQUIRED_OVER_QEMU, "x");
    const apart = cmodx.updatesPerSecond / qemu.updatesPerSecond;
    verdict.require("  rates of updates apart by", Math.max(apart, 1 / apart), "at most", SAME_RATE, "x");
  }
  const unpatched = (callers: number): number =>
    rows.find(({ load }) => load.rate === 0 && load.callers === callers)?.cmodx.callsPerSecond ?? Number.NaN;
  if (availableParallelism() < 2) console.log("     one processor: no scaling to be measured");
  else verdict.require("2 callers beside 1, unpatched", unpatched(2) / unpatched(1), "at least", REQUIRED_SCALING, "x");
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;

const microseconds = (nanoseconds: number): string => (nanoseconds / 1000).toFixed(1);

/** A line for each power of two that latencies fall under, in microseconds. */
function printHistogram({ latencies }: Latency): void {
  const buckets = new Map<number, number>();
  for (const each of latencies) {
    const bucket = Math.max(0, Math.ceil(Math.log2(each / 1000)));
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
  }
  const most = Math.max(...buckets.values());
  for (let bucket = 0; bucket <= Math.max(...buckets.keys()); bucket++) {
    const count = buckets.get(bucket) ?? 0;
    const bar = "#".repeat(Math.ceil((40 * count) / most));
    console.log(`  up to ${String(2 ** bucket).padStart(6)} us ${String(count).padStart(6)} ${bar}`);
  }
}

function printLatency(what: string, { latencies, updates }: Latency): void {
  const shares = [0.5, 0.9, 0.99].map((share) => `${share * 100} %: ${microseconds(quantile(latencies, share))} us`);
  console.log(`${what}: ${shares.join(", ")}; the update itself ${microseconds(quantile(updates, 0.5))} us`);
}

async function latencies(qemu: Qemu | undefined, verdict: Verdict): Promise<void> {
  console.log(
    "\nlatency from the first store to the last core's first new call (quantiles), prompt instruction caches",
  );
  const most = Math.max(2, availableParallelism());
  for (const callers of [most - 1, most]) {
    const cores = `${callers + 1} cores (${callers} callers)`;
    const ours = await cmodxLatency(callers, UPDATES);
    printLatency(`cmodx, ${cores}`, ours);
    printHistogram(ours);
    if (callers === most - 1) {
      const median = quantile(ours.latencies, 0.5) / 1000;
      verdict.require(`median latency, ${cores}`, median, "at most", REQUIRED_MICROSECONDS, " us");
    }
    if (qemu !== undefined) printLatency(`qemu-aarch64, ${cores}`, await qemuLatency(callers, UPDATES, qemu));
  }
}

await withFolder(async (folder) => {
  const verdict = new Verdict();
  const qemu = Qemu.create(folder);
  const rows: Row[] = [];
  for (const rate of RATES) {
    console.log(`\nmillions of checked calls a second, ${rate === 0 ? "unpatched" : `${rate} updates/s asked for`}`);
    console.log(line(titles));
    for (const callers of CALLERS) {
      const row = await measure({ callers, rate, ...DURATION }, qemu);
      rows.push(row);
      printRow(row);
    }
  }
  await latencies(qemu, verdict);
  console.log();
  requireThroughput(rows, verdict);
  verdict.end();
});
