/** cmodx claims as a process. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));

test("all claims are settled", () => {
  const { status, stdout } = spawnSync(process.execPath, [main, "claims", "--json"], { encoding: "utf8" });
  expect(status).toBe(0);
  const { claims, complete } = JSON.parse(stdout);
  expect(complete).toBe(true);
  expect(claims.length).toBeGreaterThan(7);
  expect(claims.map(({ holds }: { holds: boolean }) => holds)).toEqual(claims.map(() => true));
});
