/** The syntax of the instruction table, shared by assembler and disassembler. */
import { decode } from "../decode.js";
import { aliases, rows } from "../table.js";
import { SyntaxIndex } from "./index.js";

export const instructions = new SyntaxIndex(rows, aliases, (word) => decode(word) !== undefined);
