/** cmodx check as a process. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

const main = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const own = fileURLToPath(new URL("../litmus/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "cmodx-check-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function check(args: string[], input = ""): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, "check", ...args], { input, encoding: "utf8" });
  return { status, stdout, stderr };
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Six cores that read and write two locations in turn: far more executions than anybody waits for. */
const CORES = Array.from({ length: 6 }, (_, core) => core);
const everyCore = (text: (core: number) => string): string => ` ${CORES.map(text).join(" | ")} ;\n`;
const ENDLESS = `AArch64 endless
{ ${CORES.map((core) => `${core}:X1=x; ${core}:X3=y;`).join(" ")} }
${everyCore((core) => `P${core}`)}${everyCore((core) => `MOV W0,#${core + 1}`)}${["STR W0,[X1]", "LDR W2,[X3]", "STR W0,[X3]", "LDR W4,[X1]"].map((text) => everyCore(() => text)).join("")}
~exists (${CORES.map((core) => `${core}:X2=9 /\\ ${core}:X4=9`).join(" /\\ ")})
`;

describe("cmodx check", () => {
  test("prints herd's layout", () => {
    const { status, stdout, stderr } = check([join(own, "cmodx-ret-for-nop.litmus")]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout.replace(/\d+\.\d\d\n/, "0.00\n")).toBe(`Test cmodx-ret-for-nop Allowed
States 2
1:X9=0;
1:X9=1;
Ok
Witnesses
Positive: 1 Negative: 1
Flag violates-CMODX-requirements
Condition exists (1:X9=1)
Observation cmodx-ret-for-nop Sometimes 1 1
Time cmodx-ret-for-nop 0.00

`);
  });

  test("--verbose names the instructions of a flag", () => {
    const { stdout } = check([join(own, "cmodx-ret-for-nop.litmus"), "--verbose"]);
    expect(stdout).toContain(
      "Flag violates-CMODX-requirements\n  P0 at line 14 writes NOP to P1:f (line 17) while P1 may fetch RET from there\n",
    );
  });

  test("--json is an array with an entry for each test", () => {
    const { status, stdout } = check(["--json", join(own, "coherence-read-read.litmus"), "-"], "AArch64\n");
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toEqual([
      {
        name: "coherence-read-read",
        file: join(own, "coherence-read-read.litmus"),
        condition: "exists (1:X2=1 /\\ 1:X3=0)",
        ok: false,
        observation: "Never",
        states: ["1:X2=0; 1:X3=0;", "1:X2=0; 1:X3=1;", "1:X2=1; 1:X3=1;"],
        holding: 0,
        failing: 3,
        flags: [],
        complete: true,
        bound: null,
        executions: expect.any(Number),
        seconds: expect.any(Number),
      },
      { file: "the standard input", code: "syntax", error: expect.stringContaining("the standard input:1:1: ") },
    ]);
  });

  test("a condition that is not met is a verdict, not a failure", () => {
    const { status, stdout } = check([join(own, "coherence-read-read.litmus")]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/\nNo\n/);
  });

  test("--expect compares, over a whole folder", () => {
    const tests = join(folder, "tests");
    mkdirSync(tests);
    const text = (name: string, expected: string): string =>
      `AArch64 ${name}\n${expected}{ 0:X1=x; }\nP0 ;\nMOV W0,#1 ;\nSTR W0,[X1] ;\nforall [x]=1\n`;
    writeFileSync(join(tests, "a.litmus"), text("a", "Expect=Always\nState=[x]=1;\n"));
    expect(check(["--expect", tests])).toMatchObject({ status: 0, stderr: "" });
    writeFileSync(join(tests, "b.litmus"), text("b", "Expect=Never\n"));
    writeFileSync(join(tests, "c.litmus"), text("c", ""));
    const { status, stdout, stderr } = check(["--expect", tests]);
    expect(status).toBe(1);
    expect(stdout.match(/^Test \w/gm)).toEqual(["Test a", "Test b", "Test c"]);
    expect(stderr.split("\n")).toEqual([
      `cmodx: ${join(tests, "b.litmus")}: Always in place of Never`,
      `cmodx: ${join(tests, "c.litmus")}: the test has no line Expect=Never, Sometimes or Always`,
      "",
    ]);
  });

  test("a bad file says where, and does not keep the others from being checked", () => {
    const bad = file("bad.litmus", "AArch64 bad\n{ }\nP0 ;\nFROB X1 ;\n");
    const { status, stdout, stderr } = check([bad, join(own, "coherence-write-write.litmus")]);
    expect(status).toBe(1);
    expect(stderr).toContain(`cmodx: ${bad}:4:1: unknown instruction 'frob'`);
    expect(stdout).toMatch(/^Test coherence-write-write/);
  });

  test("a limit that is hit is said, and is no proof", () => {
    const { status, stdout } = check(["--timeout", "1", file("endless.litmus", ENDLESS)]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/\nIncomplete \(time\) Unknown\n/);
    expect(stdout).toMatch(/\nObservation endless Unknown 0 \d+\n/);
    expect(check(["--memory", "64", file("endless.litmus", ENDLESS)]).stdout).toMatch(
      /\nIncomplete \(memory\) Unknown\n/,
    );
    const loop = file("loop.litmus", "AArch64 loop\n{ }\nP0 ;\nl: B l ;\n~exists (0:X0=1)\n");
    expect(check(["--max-instructions", "20", loop]).stdout).toMatch(/\nIncomplete \(instructions\) Unknown\n/);
  });

  test.skipIf(process.platform === "win32")("Ctrl-C ends with what there is, marked incomplete, and 130", async () => {
    const child = spawn(process.execPath, [
      main,
      "check",
      join(own, "coherence-write-write.litmus"),
      file("endless.litmus", ENDLESS),
      join(own, "coherence-read-read.litmus"),
    ]);
    const output = { stdout: "", stderr: "" };
    child.stderr.on("data", (data) => {
      output.stderr += data;
    });
    child.stdout.on("data", (data) => {
      // The first test is done, so the second is running.
      if (output.stdout === "") setTimeout(() => child.kill("SIGINT"), 100);
      output.stdout += data;
    });
    const [status] = await once(child, "close");
    expect(status).toBe(130);
    expect(output.stderr).toBe("cmodx: stopped by SIGINT\n");
    expect(output.stdout.match(/^Test \S+/gm)).toEqual(["Test coherence-write-write", "Test endless"]);
    expect(output.stdout).toContain("\nIncomplete (stopped) Unknown\n");
  });

  test.each([
    [[], /name a litmus test/],
    [["nowhere.litmus"], /can't read nowhere.litmus/],
    [["--timeout", "0", "-"], /A time is a whole number from 1/],
    [["--memory", "x", "-"], /A memory limit is a whole number from 64/],
    [["--frob", "-"], /unknown option/],
    [["-"], /the standard input is empty/],
  ])("bad usage: %j", (args, message) => {
    const { status, stdout, stderr } = check(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(message);
  });
});
