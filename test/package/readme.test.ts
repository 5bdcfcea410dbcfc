/** The README's commands are the ones that CI runs and that package.json has. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const repository = fileURLToPath(new URL("../../", import.meta.url));

test("CI runs the two commands that the README gives", () => {
  const commands = execFileSync(process.execPath, ["scripts/readme-commands.mjs"], {
    cwd: repository,
    encoding: "utf8",
  });
  expect(commands.trim().split("\n")).toEqual(["npm ci && npm start", "npm ci && npm test"]);
});

test("every npm script that a page names is there", () => {
  const { scripts } = JSON.parse(readFileSync(`${repository}package.json`, "utf8")) as {
    scripts: Record<string, string>;
  };
  for (const page of ["README.md", "docs/architecture.md", "docs/performance.md"]) {
    const named = [...readFileSync(`${repository}${page}`, "utf8").matchAll(/npm run ([\w:-]+)/g)].map(
      (match) => match[1],
    );
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  }
});
