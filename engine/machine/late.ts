/**
 * The parts that most short runs never need: the JIT and the instruction table, which are by far the most of the engine's code.
 * They are reached through this one function, so that a build for the command line can put another file in place of this one
 * that loads them when they are first asked for (scripts/bundle.mjs).
 */
import { nearestRow } from "../a64/decode.js";
import { disassemble } from "../a64/disassembler.js";
import { RegionCache } from "../jit/index.js";

const parts = { RegionCache, disassemble, nearestRow } as const;

export function lateParts(): typeof parts {
  return parts;
}
