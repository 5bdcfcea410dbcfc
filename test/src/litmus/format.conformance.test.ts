/**
 * The format against herd: each catalogue test is read and laid out, its condition is written as herd writes it, and from
 * the states that herd found follow herd's lines for the states and herd's observation. No model is asked here.
 */
import { describe, expect, test } from "vitest";
import { type LaidOut, layOut, parseLitmus, verdictOf } from "#src/litmus/index.js";
import type { LitmusValue } from "#src/litmus/syntax.js";
import type { FinalState } from "#src/model/problem.js";
import { catalogues, catalogueTests, skipped } from "./catalogues.js";

/** A value as herd prints it: 3, x, NOP, instr:"B .+4", label:"P1:L0". */
function valueIn(text: string): LitmusValue {
  const label = /^label:"P(\d+):(.+)"$/.exec(text);
  if (label !== null) return { kind: "label", thread: Number(label[1]), label: label[2] as string };
  const instruction = /^instr:"(.+)"$/.exec(text);
  if (instruction !== null || text === "NOP") return { kind: "instruction", text: instruction?.[1] ?? text };
  if (/^-?\d+$/.test(text)) return { kind: "number", value: BigInt.asUintN(64, BigInt(text)) };
  return { kind: "address", name: text };
}

/** `1:X0=1; [x]=2;` as the checker would give it. Only states without faults are in the catalogues. */
function stateIn(line: string, { shown, observed, problem, numberOf }: LaidOut): FinalState {
  const texts = new Map(
    [...line.matchAll(/(\S+?)=([^;]+);/g)].map(([, name, value]) => [name as string, value as string]),
  );
  expect([...texts.keys()]).toEqual(shown.map(({ text }) => text));
  const values = problem.observed.map(() => 0n);
  for (const { text, first } of observed.values()) {
    const value = texts.get(text);
    if (value !== undefined) values[first] = numberOf(valueIn(value), 0);
  }
  return { values, faults: [] };
}

describe("the format against herd", () => {
  if (!catalogues) test.skip(skipped);
  test.each(catalogueTests())("$file", ({ text, file, condition, states, observation }) => {
    const litmus = parseLitmus(text, file);
    const laidOut = layOut(litmus);
    const verdict = verdictOf(litmus, laidOut, {
      states: states.map((line) => stateIn(line, laidOut)),
      flags: [],
      complete: true,
      executions: 0,
    });
    expect(verdict.condition).toBe(condition);
    expect([...verdict.states].sort()).toEqual([...states].sort());
    expect(verdict.observation).toBe(observation);
  });
});
