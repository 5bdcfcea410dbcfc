/**
 * Fails when a function is longer than LIMIT lines, counted from its signature to its closing brace.
 * One giant function that holds an instruction set, or a model, is what this keeps out.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import ts from "typescript";

const LIMIT = 140;
const FOLDERS = ["src", "engine", "assembly", "test", "bench", "examples", "scripts"];

/** @returns {string[]} */
function sourceFiles() {
  return FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(ts|mjs)$/.test(name) && !name.endsWith(".d.ts"))
      .map((name) => join(folder, name)),
  ).sort();
}

/**
 * @param {ts.SignatureDeclaration} node
 * @returns {string}
 */
function nameOf(node) {
  if (node.name !== undefined) return node.name.getText();
  const parent = node.parent;
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) return parent.name.getText();
  return ts.isConstructorDeclaration(node) ? "constructor" : "(anonymous)";
}

/**
 * Whether it is the body of a describe(): a folder for tests, which are functions of their own.
 * @param {ts.SignatureDeclaration} node
 */
function holdsTests(node) {
  const call = node.parent;
  return ts.isCallExpression(call) && /^describe\b/.test(call.expression.getText());
}

/**
 * @param {string} file
 * @returns {{ file: string, line: number, name: string, lines: number }[]}
 */
function functionsOf(file) {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  /** @type {{ file: string, line: number, name: string, lines: number }[]} */
  const found = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isFunctionLike(node) && !holdsTests(node)) {
      const first = source.getLineAndCharacterOfPosition(node.getStart()).line;
      const last = source.getLineAndCharacterOfPosition(node.getEnd()).line;
      found.push({ file, line: first + 1, name: nameOf(node), lines: last - first + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const functions = sourceFiles().flatMap(functionsOf);
const tooLong = functions.filter((entry) => entry.lines > LIMIT);
for (const entry of tooLong) {
  process.stderr.write(`${entry.file}:${entry.line}: ${entry.name} is ${entry.lines} lines long, at most ${LIMIT}\n`);
}
const longest = functions.reduce((a, b) => (b.lines > a.lines ? b : a));
process.stdout.write(
  `${functions.length} functions, the longest is ${longest.name} (${longest.file}:${longest.line}) ` +
    `with ${longest.lines} of ${LIMIT} lines\n`,
);
process.exitCode = tooLong.length > 0 ? 1 : 0;
