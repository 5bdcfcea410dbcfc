/** Works through the statements: labels, assignments, directives, macros, instructions. */
import { instructions } from "../syntax/instructions.js";
import { directiveNamed, isConditional } from "./directives/index.js";
import { defineRegister } from "./directives/symbols.js";
import { AssemblyError } from "./errors.js";
import { expandMacro, parseArguments } from "./macros.js";
import { positionIn, type Statement } from "./source.js";
import type { AssemblyState } from "./state.js";

export function runStatements(state: AssemblyState): void {
  for (;;) {
    const statement = state.reader.next((conditionals) => state.conditionals.expectDepth(conditionals));
    if (statement === undefined) break;
    state.beginStatement();
    runStatement(state, statement);
  }
  state.conditionals.expectDepth(0);
  for (const section of state.pools.sections()) state.flushPool(section);
  for (const action of state.atEnd) action();
}

/** There may be spaces before the colon, but `b :lo12:x` begins with no label, nor does `.word :lo12:x`. */
const labelPattern = /^(?:([A-Za-z_$][A-Za-z0-9_.$]*|[0-9]+)(?:[ \t]+(?=:(?![A-Za-z0-9_]+:)))?|(\.[A-Za-z0-9_.$]+)):/;
const assignmentPattern = /^([A-Za-z_.$][A-Za-z0-9_.$]*)[ \t]*==?(?!=)/;
const wordPattern = /^[A-Za-z_.$][A-Za-z0-9_.$]*/;
const requestPattern = /^[ \t]+\.req[ \t]+([A-Za-z0-9_.$]+)[ \t]*$/i;

function runStatement(state: AssemblyState, statement: Statement): void {
  const { text } = statement;
  let position = 0;
  for (;;) {
    const label = labelPattern.exec(text.slice(position));
    if (label === null) break;
    if (state.conditionals.active) defineLabel(state, statement, (label[1] ?? label[2]) as string, position);
    position += label[0].length;
    while (text[position] === " " || text[position] === "\t") position++;
  }
  if (position >= text.length) return;
  const rest = text.slice(position);
  const word = wordPattern.exec(rest)?.[0];
  if (!state.conditionals.active) {
    if (word !== undefined && isConditional(word.toLowerCase())) runDirective(state, statement, word, position);
    return;
  }
  const assignment = assignmentPattern.exec(rest);
  if (assignment !== null) {
    const args = state.arguments(statement, "=", position + assignment[0].length);
    state.assign(assignment[1] as string, args, positionIn(statement, position));
    args.expectEnd();
    return;
  }
  if (word === undefined) {
    throw new AssemblyError(
      positionIn(statement, position),
      `expected an instruction, a directive or a label, found '${rest.charAt(0)}'`,
    );
  }
  runWord(state, statement, word, position);
}

function defineLabel(state: AssemblyState, statement: Statement, name: string, position: number): void {
  const numeric = /^[0-9]/.test(name);
  if (numeric && name.length > 9)
    throw new AssemblyError(positionIn(statement, position), "a numeric label has at most 9 digits");
  const symbol = numeric ? state.symbols.defineNumeric(name) : state.symbols.named(name);
  state.defineLabel(symbol, positionIn(statement, position));
}

function runWord(state: AssemblyState, statement: Statement, word: string, position: number): void {
  const name = word.toLowerCase();
  const behind = position + word.length;
  const macro = state.macros.get(name);
  if (macro !== undefined) {
    const values = parseArguments(macro, statement, behind);
    const body = expandMacro(macro, statement, values, state.expansions++);
    state.reader.push(statement, true, state.conditionals.depth, (turn) => (turn === 0 ? body : undefined));
    return;
  }
  if (name.startsWith(".")) {
    runDirective(state, statement, word, position);
    return;
  }
  const request = requestPattern.exec(statement.text.slice(behind));
  if (request !== null) {
    if (defineRegister(state.registers, name, (request[1] as string).toLowerCase())) return;
    throw new AssemblyError(
      positionIn(statement, statement.text.length - (request[1] as string).length),
      `'${request[1]}' is no register`,
    );
  }
  if (loadsLiteral(state, statement, name, behind)) return;
  state.emitInstruction(statement, name, behind);
}

function runDirective(state: AssemblyState, statement: Statement, word: string, position: number): void {
  const name = word.toLowerCase();
  const directive = directiveNamed(name);
  if (directive === undefined) throw new AssemblyError(positionIn(statement, position), `unknown directive '${word}'`);
  directive(state, state.arguments(statement, name, position + word.length));
}

const literalPattern = /^([ \t]+([A-Za-z0-9_.$]+)[ \t]*,[ \t]*)=/;

/** `ldr x0, =value`: a load from the literal pool. */
function loadsLiteral(state: AssemblyState, statement: Statement, mnemonic: string, operandsAt: number): boolean {
  if ((mnemonic !== "ldr" && mnemonic !== "ldrsw") || !instructions.hasMnemonic(mnemonic)) return false;
  const match = literalPattern.exec(statement.text.slice(operandsAt));
  if (match === null) return false;
  const register = (match[2] as string).toLowerCase();
  const wide = /^w/.test(state.registers.get(register) ?? register) ? 4 : 8;
  state.emitPoolLoad(statement, {
    mnemonic,
    operandsAt,
    prefix: match[1] as string,
    valueAt: operandsAt + match[0].length,
    size: mnemonic === "ldrsw" ? 4 : wide,
  });
  return true;
}
