/** The disassembler's round trips with many more words. */
import { test } from "vitest";
import { randomRoundTrips, rowRoundTrips, seed } from "./round-trips.js";

test(`four million random words (CMODX_SEED=${seed})`, () => randomRoundTrips(4_000_000));

test("random words of every row and alias, 1000 each", () => rowRoundTrips(1000));
