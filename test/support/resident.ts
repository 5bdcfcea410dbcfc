/** Whether a process's memory stays what it is while it does the same thing again and again. */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

const repository = fileURLToPath(new URL("../../", import.meta.url));

/** Bytes, but for the things that keep a process alive; and the warnings that there were. */
export interface Look {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly resources: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * What programs call to have a look taken: when threads that were ending have ended, and garbage has been collected, of which V8 gives memory
 * back in the background: array buffers, some of which only a second collection finds.
 */
const PRELUDE = `
const warnings = [];
process.on("warning", (warning) => warnings.push(String(warning)));
async function look() {
  for (let i = 0; i < 3; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  console.log(JSON.stringify({ rss, heapUsed, external, resources: process.getActiveResourcesInfo(), warnings }));
}
`;

/** With an arena a thread, and freed memory kept for later, malloc is what would be measured. */
const plainMalloc = { MALLOC_ARENA_MAX: "1", MALLOC_TRIM_THRESHOLD_: "65536", MALLOC_TOP_PAD_: "0" };

const LIMIT_MILLISECONDS = 500_000;

/** Runs an ES module of this text in a process of its own; gives the looks that it took by \`await look()\`. */
export function looksAt(program: string): Look[] {
  const args = ["--expose-gc", "--input-type=module", "--eval", PRELUDE + program];
  const { stdout, stderr, status, error } = spawnSync(process.execPath, args, {
    cwd: repository,
    encoding: "utf8",
    env: { ...process.env, ...plainMalloc },
    timeout: LIMIT_MILLISECONDS,
  });
  expect([stderr, status, error]).toEqual(["", 0, undefined]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Look);
}

/**
 * Expects that memory grew by less than 5 % over the second half of the looks. The least of many looks is what counts: what stays for ever
 * is in all of them, what comes and goes (pages that V8 keeps for the next thread, a compilation under way) is not in the least.
 */
export function expectFlat(looks: readonly Look[]): void {
  const half = looks.slice(looks.length / 2);
  expect(half.length).toBeGreaterThanOrEqual(8);
  const least = (part: readonly Look[], what: "rss" | "heapUsed" | "external"): number =>
    Math.min(...part.map((look) => look[what]));
  const [before, after] = [half.slice(0, half.length / 2), half.slice(half.length / 2)];
  for (const what of ["rss", "heapUsed", "external"] as const) {
    const growth = least(after, what) / least(before, what);
    console.log(`${what}: ${growth.toFixed(4)} of before, ${half.length} looks`);
    expect(growth, `${what} of the last quarter by the third`).toBeLessThan(1.05);
  }
}
