/** cmodx check --design, its witnesses and graphs, as a process. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const main = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "cmodx-designs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function cmodx(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

test("a design is checked in every transition", () => {
  const { status, stdout } = cmodx("check", "--design", "hybrid");
  expect(status).toBe(0);
  expect(stdout.match(/^hybrid +\w+:\w+ +old new +(ok|violated) /gm)).toHaveLength(14);
});

test("a bad outcome is exit status 1, with its execution and a picture of it", () => {
  const { status, stdout } = cmodx(
    "check",
    "--design",
    "hybrid-nocbz",
    "--transition",
    "null:far",
    "--witness",
    "--graphs",
    folder,
  );
  expect(status).toBe(1);
  expect(stdout).toMatch(/^hybrid-nocbz +null:far +old new crash/m);
  expect(stdout).toMatch(/^Execution hybrid-nocbz null:far: crash\n(.*\n)*.*takes a fault: translation$/m);
  const files = readdirSync(folder);
  expect(files).toContain("003-hybrid-nocbz-null-far-crash.dot");
  expect(readFileSync(join(folder, "003-hybrid-nocbz-null-far-crash.svg"), "utf8")).toContain("<svg");
});

test("protections are taken away by flags, and a synchronised caller is looked at", () => {
  const flags = ["--design", "hybrid", "--transition", "near:far", "--sync", "dsb-isb", "--json"];
  const synchronised = (...more: string[]): unknown =>
    JSON.parse(cmodx("check", ...flags, ...more).stdout).transitions[0].synchronised;
  expect(synchronised()).toEqual(["new"]);
  expect(synchronised("--skip", "ic")).toEqual(["old", "new"]);
  expect(synchronised("--skip", "dc", "--idc")).toEqual(["new"]);
});

test("an execution for each state of a litmus test", () => {
  const file = join(folder, "mp.litmus");
  writeFileSync(
    file,
    "AArch64 mp\n{ 0:X1=x; 1:X1=x; 0:X0=1; }\n P0 | P1 ;\n STR W0,[X1] | LDR W2,[X1] ;\nexists (1:X2=1)\n",
  );
  const { status, stdout } = cmodx("check", "--witness", file);
  expect(status).toBe(0);
  expect(stdout).toMatch(/Execution mp: 1:X2=1;\n1\. P0 .*writes 0x1 to x\n2\. P1 .*reads 0x1 at x, from step 1\n/);
});

test.each([
  [["--design", "nosuch"], /Allowed choices are hybrid,/],
  [["--design", "hybrid", "--transition", "null:nowhere"], /A transition is two or more of null, ret0, near, far/],
  [["--design", "literal", "--skip", "ic"], /design 'literal' has no cache maintenance/],
  [["--design", "hybrid", "x.litmus"], /name no files beside it/],
  [["--design", "hybrid", "--transition", "null"], /a transition has a state to begin and one to end with/],
])("%j is refused", (args, message) => {
  const { status, stderr } = cmodx("check", ...args);
  expect(status).toBe(2);
  expect(stderr).toMatch(message);
});

test("a search that is too long ends at its limit, and says so", () => {
  const { status, stdout } = cmodx(
    "check",
    "--design",
    "hybrid",
    "--transition",
    "null:far:near",
    "--callers",
    "8",
    "--calls",
    "4",
    "--timeout",
    "1",
  );
  expect(status).toBe(1);
  expect(stdout).toMatch(/incomplete: time/);
});
