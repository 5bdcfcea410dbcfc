/** The README's commands are the ones that CI runs and that package.json has. */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

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

describe("the first screen", () => {
  const readme = readFileSync(`${repository}README.md`, "utf8");
  const screen = /^## The bug in ten lines\n([\s\S]*?)^## /m.exec(readme)?.[1] ?? "";
  const blocks = [...screen.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].map(([, kind, text]) => ({
    kind,
    text: text ?? "",
  }));

  test("is a program and what it prints, then a command and what it prints", () => {
    expect(blocks.map(({ kind }) => kind)).toEqual(["js", "text", "sh", "text"]);
  });

  test("the program has ten lines", () => {
    expect(blocks[0]?.text.trim().split("\n")).toHaveLength(10);
  });

  test("the schedule string still does what is told of it", () => {
    const [, ...args] = (blocks[2]?.text ?? "").trim().split(" ");
    expect(args[0]).toBe("cmodx");
    const { status, stdout } = spawnSync(process.execPath, ["dist/src/cli/main.js", ...args.slice(1)], {
      cwd: repository,
      encoding: "utf8",
    });
    expect(status).toBe(1);
    const printed = stdout.split("\n");
    for (const line of (blocks[3]?.text ?? "").trimEnd().split("\n")) expect(printed).toContain(line);
  });
});
