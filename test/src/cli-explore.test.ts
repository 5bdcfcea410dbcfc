/** cmodx stress --model arm and cmodx run --model arm, as processes. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

const main = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "cmodx-explore-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function cmodx(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

const bang = ["stress", "--model", "arm", "--design", "hybrid-nocbz", "--transition", "null:far"];

describe("a crash", () => {
  const { status, stdout } = cmodx(...bang, "--executions", "2000");
  const [, command = ""] = /^ {2}cmodx (stress .* --replay cmodx1-\S+)$/m.exec(stdout) ?? [];

  test("is exit status 1, with how often it came and the command that does it again", () => {
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /^hybrid-nocbz +null:far +2000 +[0-9]+ +old [0-9]+ {2}new [0-9]+ {2}crash [0-9]+ +crash [0-9.]+ s/m,
    );
    expect(stdout).toMatch(/^hybrid-nocbz null:far: branch to 0x0, where nothing is mapped$/m);
    expect(stdout).toMatch(/^seed 1, chooser mixed, depth 3: 2000 executions in /m);
    expect(command).not.toBe("");
  });

  test("comes again by that command, told and drawn", () => {
    const svg = join(folder, "crash.svg");
    const again = cmodx(...command.split(" "), "--svg", svg);
    expect(again.status).toBe(1);
    expect(again.stdout).toMatch(/^caller0: crash \(branch to 0x0, where nothing is mapped\)$/m);
    expect(again.stdout).toMatch(/loads 0 from __SCT__key-8, though memory has far1/);
    expect(readFileSync(svg, "utf8")).toMatch(/^<svg .*<\/svg>\n$/s);
  });
});

test("a design that is as it should be is exit status 0, and JSON where it is asked for", () => {
  const flags = [
    "stress",
    "--model",
    "arm",
    "--design",
    "hybrid",
    "--states",
    "near,far",
    "--executions",
    "200",
    "--json",
  ];
  const { status, stdout } = cmodx(...flags);
  expect(status).toBe(0);
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ report: "stress", model: "arm", complete: true });
  expect(report.transitions.map((each: { options: { states: string[] } }) => each.options.states.join(":"))).toEqual([
    "near:near",
    "near:far",
    "far:near",
    "far:far",
  ]);
});

test("a litmus test's histogram, and a witness that comes again", () => {
  const file = join(folder, "sb.litmus");
  writeFileSync(
    file,
    `AArch64 sb
{ 0:X1=x; 0:X3=y; 1:X1=y; 1:X3=x; }
 P0          | P1          ;
 MOV W0,#1   | MOV W0,#1   ;
 STR W0,[X1] | STR W0,[X1] ;
 LDR W2,[X3] | LDR W2,[X3] ;
exists (0:X2=0 /\\ 1:X2=0)
`,
  );
  const { status, stdout } = cmodx("run", file, "--executions", "1000", "--seed", "3");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^Test sb Allowed\nHistogram \(4 states\)\n[0-9]+ *\*>0:X2=0; 1:X2=0;\n/);
  expect(stdout).toMatch(/^Condition exists \(0:X2=0 \/\\ 1:X2=0\) is validated$/m);
  expect(stdout).toMatch(/^Observation sb Sometimes [0-9]+ [0-9]+$/m);
  const [, schedule = ""] = /--replay (cmodx1-\S+)$/m.exec(stdout) ?? [];
  const again = cmodx("run", "--model", "arm", file, "--replay", schedule);
  expect(again.status).toBe(0);
  expect(again.stdout).toMatch(/\n0:X2=0; 1:X2=0;\n$/);
});

test.each([
  [[...bang, "--replay", "cmodx1-00000000--000000"], /not a whole schedule string/],
  [[...bang, "--rate", "5"], /--rate does not go with --model arm/],
  [["stress", "--executions", "5"], /--executions takes --model arm/],
])("%j is refused", (args, message) => {
  const { status, stderr } = cmodx(...args);
  expect(status).toBe(2);
  expect(stderr).toMatch(message);
});
