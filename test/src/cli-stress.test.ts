/** cmodx stress and cmodx merge, as processes. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const main = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "cmodx-stress-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const quick = ["stress", "--threads", "0", "--engine", "interpreter", "--callers", "2"];

function cmodx(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

test("shards are written as JSON and merged", () => {
  const file = (shard: number): string => join(folder, `${shard}.json`);
  for (const shard of [1, 2]) {
    const flags = ["--design", "hybrid-b", "--updates", "60", "--shard", `${shard}/2`, "--json", file(shard)];
    const { status, stdout } = cmodx(...quick, ...flags);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^No violation in [0-9,]+ calls\.$/m);
  }
  expect(JSON.parse(readFileSync(file(2), "utf8"))).toMatchObject({ shards: [2], shardCount: 2 });
  const merged = cmodx("merge", file(1), file(2));
  expect(merged.status).toBe(0);
  expect(merged.stdout).toMatch(/^updates +60 /m);
  expect(cmodx("merge", file(1)).status).toBe(1);
  const twice = cmodx("merge", file(1), file(1));
  expect(twice.status).toBe(1);
  expect(twice.stderr).toContain("shard 1 is there twice");
});

test("a violation is exit status 1, with its witness", () => {
  const { status, stdout } = cmodx(...quick, "--states", "null,near", "--skip", "ic");
  expect(status).toBe(1);
  expect(stdout).toMatch(/^Violation 1 \(core \d\): caller \d came to /m);
  expect(stdout).toMatch(/but cached: /);
  expect(stdout).toMatch(/^the last cache maintenance:|^ {2}the last cache maintenance:/m);
});

test("what is no campaign is bad usage", () => {
  for (const flags of [
    ["--design", "pointer"],
    ["--states", "null"],
    ["--design", "literal", "--skip", "ic"],
    ["--callers", "15", "--patchers", "2"],
    ["--shard", "3/2"],
  ]) {
    const { status, stderr } = cmodx("stress", ...flags);
    expect([flags, status]).toEqual([flags, 2]);
    expect(stderr).toMatch(/^cmodx: /);
  }
});

test("Ctrl-C ends cores in threads, and prints what they have done", async () => {
  const child = spawn(process.execPath, [main, "stress", "--seconds", "600", "--progress"], { stdio: "pipe" });
  let stdout = "";
  child.stdout.on("data", (data: Buffer) => {
    stdout += data.toString();
  });
  // The first line of progress comes when the cores run.
  await once(child.stderr, "data");
  child.kill("SIGINT");
  const [status] = await once(child, "close");
  expect(status).toBe(130);
  expect(stdout).toMatch(/ended by: stopped$/m);
  expect(stdout).toMatch(/^Incomplete: stopped/m);
});
