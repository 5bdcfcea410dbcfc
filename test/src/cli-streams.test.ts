/** Signals, readers that leave, and long output: the command line as part of a pipe and of a shell. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

const main = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "cmodx-streams-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Sends `signal` to a command once its standard error matches `when`; gives how it ended. */
async function interrupt(args: readonly string[], when: RegExp, signal: NodeJS.Signals): Promise<Ended> {
  const child: ChildProcessWithoutNullStreams = spawn(process.execPath, [main, ...args]);
  let stdout = "";
  let stderr = "";
  let sent = false;
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
    if (sent || !when.test(stderr)) return;
    sent = true;
    child.kill(signal);
  });
  const [status] = (await once(child, "close")) as [number | null];
  return { status, stdout, stderr };
}

// More calls than anyone waits for: only the signal ends it.
const ENDLESS = ["--calls", "1000000000", "--progress"];

/** Rows of a good part of a second. */
const SLOW = ["--calls", "60000000", "--progress"];

describe("cmodx dispatch that is stopped", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("by %s within its first row ends with status %i and an empty table", async (signal, expected) => {
    const { status, stdout, stderr } = await interrupt(["dispatch", ...ENDLESS], /measuring 1 of 11/, signal);
    expect(status).toBe(expected);
    expect(stdout).toContain("Incomplete: stopped after 0 of 11 rows.");
    expect(stderr).toBe(`measuring 1 of 11: direct BL\ncmodx: stopped by ${signal}\n`);
  });

  test("later has the rows measured so far, as a table", async () => {
    const { status, stdout } = await interrupt(["dispatch", ...SLOW], /measuring 3 of 11/, "SIGINT");
    expect(status).toBe(130);
    const rows = stdout.split("\n").filter((line) => /^\w+ .* \d+\.\d\d /.test(line));
    expect(rows[0]).toMatch(/^direct +BL /);
    expect(rows[1]).toMatch(/^hybrid +RET /);
    expect(rows.length).toBeLessThan(11);
    expect(stdout).toContain(`\nIncomplete: stopped after ${rows.length} of 11 rows.\n`);
  });

  test("and as JSON", async () => {
    const { status, stdout } = await interrupt(["dispatch", ...SLOW, "--json"], /measuring 3 of 11/, "SIGINT");
    expect(status).toBe(130);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ report: "dispatch", complete: false, cases: 11 });
    expect(report.rows.length).toBeLessThan(11);
    expect(report.rows.slice(0, 2).map((row: { state: string }) => row.state)).toEqual(["BL", "RET"]);
  });
});

test("progress: a line a row where it is asked for, nothing where it is not, nothing else on the standard error", () => {
  const dispatch = (...flags: string[]): string =>
    spawnSync(process.execPath, [main, "dispatch", "--calls", "1000", ...flags], { encoding: "utf8" }).stderr;
  expect(dispatch()).toBe("");
  const lines = dispatch("--progress").trimEnd().split("\n");
  expect(lines).toHaveLength(11);
  expect(lines.at(-1)).toBe("measuring 11 of 11: inline BL trampoline");
});

const hasScript = spawnSync("script", ["--version"]).status === 0;

test.skipIf(!hasScript)(
  "progress: on a terminal one line that is overwritten (skipped without the command script)",
  () => {
    const command = `"${process.execPath}" "${main}" dispatch --calls 1000`;
    const shown = execFileSync("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
      encoding: "utf8",
    });
    const before = shown.slice(0, shown.indexOf("design"));
    expect(before).not.toContain("\n");
    expect(before.split("\r\u001b[K")).toContain("measuring 4 of 11: hybrid NOP+literal, 50 %");
    expect(before.endsWith("\r\u001b[K")).toBe(true);
  },
);

const LONG_WORDS = 100_000;

describe("long output", () => {
  const image = join(folder, "long.bin");
  writeFileSync(image, Buffer.alloc(4 * LONG_WORDS, Buffer.from("1f2003d5", "hex")));

  test("disasm lists every word", () => {
    const listing = execFileSync(process.execPath, [main, "disasm", image], { encoding: "utf8", maxBuffer: 2 ** 28 });
    const lines = listing.trimEnd().split("\n");
    expect(lines).toHaveLength(LONG_WORDS);
    expect(lines[0]).toBe("    0:  d503201f  nop");
    expect(lines[LONG_WORDS - 1]).toBe(`${(4 * (LONG_WORDS - 1)).toString(16)}:  d503201f  nop`);
  });

  test("disasm --json is one document", () => {
    const text = execFileSync(process.execPath, [main, "disasm", "--json", image], { maxBuffer: 2 ** 28 });
    expect(JSON.parse(text.toString()).words).toHaveLength(LONG_WORDS);
  });

  test("asm lists every word", () => {
    const source = `.rept ${LONG_WORDS}\nnop\n.endr\n`;
    const listing = execFileSync(process.execPath, [main, "asm", "-"], { input: source, maxBuffer: 2 ** 28 });
    expect(listing.toString().trimEnd().split("\n")).toHaveLength(LONG_WORDS + 1);
  });

  test.each([["disasm"], ["disasm --json"]])("%s | head: a reader that leaves is no error", (command) => {
    const pipe = `{ "$0" "$1" ${command} "$2"; echo "status $?" >&2; } | head -n 1`;
    const { stdout, stderr } = spawnSync("sh", ["-c", pipe, process.execPath, main, image], { encoding: "utf8" });
    expect(stdout.split("\n")).toHaveLength(2);
    expect(stderr).toBe("status 0\n");
  });

  test("an input that comes late is waited for", () => {
    const pipe = '{ sleep 0.3; printf "\\037\\040\\003\\325"; } | "$0" "$1" disasm -';
    expect(spawnSync("sh", ["-c", pipe, process.execPath, main], { encoding: "utf8" }).stdout).toBe(
      "0:  d503201f  nop\n",
    );
  });
});
