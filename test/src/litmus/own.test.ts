/**
 * The project's own litmus tests, test/litmus/*.litmus: every relation of the model, and every transition of the hybrid
 * trampoline. Each says in its header what the model has to give, and why.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { differences, expectationOf, parseLitmus, runLitmus } from "#src/litmus/index.js";

const folder = fileURLToPath(new URL("../../litmus/", import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith(".litmus"));
const textOf = (file: string): string => readFileSync(folder + file, "utf8");

test.each(files)("%s", (file) => {
  expect(differences(runLitmus(textOf(file), file))).toEqual([]);
});

test("there are enough of them, each named as its file, and each with a reason", () => {
  expect(files.length).toBeGreaterThanOrEqual(60);
  for (const file of files) {
    const litmus = parseLitmus(textOf(file), file);
    expect(`${litmus.name}.litmus`).toBe(file);
    expect(expectationOf(litmus)).toBeDefined();
    expect(litmus.doc).toBeDefined();
    expect(textOf(file)).toMatch(/^\(\*$/m);
  }
});

test("what differs from a test's expectation is said", () => {
  const text = textOf("message-passing.litmus");
  const states = "State=1:X2=1; 1:X4=0;";
  expect(text).toContain(states);
  const wrong = text.replace("Expect=Sometimes", "Expect=Never").replace(states, "State=1:X2=2; 1:X4=0;\nFlag=strange");
  expect(differences(runLitmus(wrong, "wrong.litmus"))).toEqual([
    "Sometimes in place of Never",
    "missing state: 1:X2=2; 1:X4=0;",
    "unexpected state: 1:X2=1; 1:X4=0;",
    "missing flag: strange",
  ]);
});
