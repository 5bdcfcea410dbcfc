/** What the benches share: their flags, their verdicts, and the tools that they compare with. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** --check: end with status 1 when a requirement is not met. --short: fewer repetitions. */
export const flags = { check: process.argv.includes("--check"), short: process.argv.includes("--short") } as const;

/** Collects what was required and what was measured, and prints both. */
export class Verdict {
  #failed = 0;

  /** A figure that must be at least (or at most) a bound. */
  require(what: string, figure: number, relation: "at least" | "at most", bound: number, unit: string): void {
    const met = relation === "at least" ? figure >= bound : figure <= bound;
    if (!met) this.#failed++;
    const digits = Math.abs(figure) >= 100 ? 0 : 2;
    console.log(`${met ? "ok  " : "MISS"} ${what}: ${figure.toFixed(digits)}${unit} (${relation} ${bound}${unit})`);
  }

  /** Sets the exit status. */
  end(): void {
    if (this.#failed > 0) console.log(`${this.#failed} requirements not met`);
    if (flags.check && this.#failed > 0) process.exitCode = 1;
  }
}

export function installed(command: string): boolean {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
}

/** Runs `body` with a folder that is removed afterwards. */
export async function withFolder<T>(body: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "cmodx-bench-"));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** From build/bench back to the repository. */
export const repository = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Compiles bench/harness/<name>.c for this machine. Undefined, and a line that says why, where the compiler or
 * a library is missing.
 */
export function compileHarness(name: string, folder: string, libraries: readonly string[]): string | undefined {
  const output = join(folder, name);
  const source = join(repository, "bench", "harness", `${name}.c`);
  const result = spawnSync("gcc", ["-O2", "-Wall", "-o", output, source, ...libraries.map((each) => `-l${each}`)], {
    encoding: "utf8",
  });
  if (result.status === 0) return output;
  const reason = result.error === undefined ? (result.stderr.split("\n")[0] ?? "") : "gcc is not installed";
  console.log(`no column '${name}': ${reason}`);
  return undefined;
}

/** The numbers that a harness prints, a line a run: nanoseconds, and the value of x0. */
export function harnessRuns(command: string, args: readonly string[]): { nanoseconds: number; x0: bigint }[] {
  const text = execFileSync(command, args, { encoding: "utf8" });
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [nanoseconds = "", x0 = ""] = line.split(" ");
      return { nanoseconds: Number(nanoseconds), x0: BigInt(x0) };
    });
}
