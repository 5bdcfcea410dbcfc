/** The end of a CI run's log, which may be all of it that is kept. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const repository = fileURLToPath(new URL("../../", import.meta.url));

const passes = { fullName: "machine runs", status: "passed", failureMessages: [] };
const fails = {
  fullName: "machine stays flat",
  status: "failed",
  failureMessages: [
    "AssertionError: rss: expected 1.07 to be less than 1.05\n" +
      "    at Proxy.<anonymous> (/x/node_modules/@vitest/expect/dist/index.js:1:2)\n" +
      `    at ${repository}test/flat.test.ts:12:34\n    at new Promise (<anonymous>)`,
  ],
};

function file(name: string, status: "passed" | "failed", assertionResults: object[], message = "") {
  return { name: join(repository, "test", name), status, message, assertionResults };
}

/** What the script prints of results in these files, by name, and the code it ends with. */
function tally(files: Readonly<Record<string, string | object>>): { stdout: string; status: number | null } {
  const folder = mkdtempSync(join(tmpdir(), "cmodx-tally-"));
  try {
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
    }
    const { stdout, status } = spawnSync(process.execPath, ["scripts/tally.mjs", folder], {
      cwd: repository,
      encoding: "utf8",
    });
    return { stdout, status };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("what failed is named before the last line, with the beginning of its message", () => {
  const testResults = [
    file("flat.test.ts", "failed", [passes, fails]),
    file("broken.test.ts", "failed", [], "SyntaxError: Unexpected token"),
    file("hooks.test.ts", "failed", [passes]),
  ];
  const { stdout, status } = tally({
    "long.json": { success: false, numPassedTests: 2, numPendingTests: 3, testResults },
    steps: "passed tools\nfailed long tests\n",
  });
  expect(stdout.split("\n")).toEqual([
    "long.json: 3 skipped",
    "FAILED test/flat.test.ts > machine stays flat",
    "    AssertionError: rss: expected 1.07 to be less than 1.05",
    `    at ${repository}test/flat.test.ts:12:34`,
    "FAILED test/broken.test.ts",
    "    SyntaxError: Unexpected token",
    "FAILED test/hooks.test.ts",
    "    failed outside of its tests: vitest's own output above tells where",
    "FAILED step long tests",
    "3 passed, 4 failed",
    "",
  ]);
  expect(status).toBe(1);
});

test("errors that belong to no test fail the run; nothing else does", () => {
  const testResults = [file("flat.test.ts", "passed", [passes])];
  const results = { success: true, numPassedTests: 1, numPendingTests: 0, testResults };
  expect(tally({ "unit.json": results })).toEqual({ stdout: "1 passed, 0 failed\n", status: 0 });
  const { stdout, status } = tally({ "unit.json": { ...results, success: false } });
  expect([stdout.split("\n").at(-2), status]).toEqual(["1 passed, 1 failed", 1]);
});
