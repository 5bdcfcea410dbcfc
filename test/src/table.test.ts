import { expect, test } from "vitest";
import { formatTable } from "#src/report/table.js";

test("columns are as wide as their widest cell, and lines carry no blanks at the end", () => {
  const text = formatTable<[string, number]>(
    [
      { title: "name", align: "left", cell: ([name]) => name },
      { title: "ns", align: "right", cell: ([, value]) => value.toFixed(1) },
      { title: "x", align: "left", cell: () => "" },
    ],
    [
      ["a", 1.25],
      ["longer", 100],
    ],
  );
  expect(text).toBe("name       ns  x\n------  -----  -\na         1.3\nlonger  100.0\n");
});
