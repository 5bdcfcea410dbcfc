/**
 * The instruction table: every row and alias, in the order of the Arm ARM's chapter C4.1.
 *
 * Where two rows match one word, the pattern of one strictly narrows that of the other, and the narrow one
 * is meant. Aliases stand in the order in which a disassembler must try them; it prints a row's own syntax
 * when none of them applies.
 */
import type { Alias, Row } from "./row.js";
import { atomics } from "./table/atomics.js";
import { branchesExceptionsSystem, pstateOtherOperands } from "./table/branches-exceptions-system.js";
import { dataProcessingImmediate } from "./table/data-processing-immediate.js";
import { dataProcessingRegister } from "./table/data-processing-register.js";
import { floatingPoint } from "./table/floating-point.js";
import { loadsStores } from "./table/loads-stores.js";

const entries: readonly (Row | Alias)[] = [
  ...dataProcessingImmediate,
  ...branchesExceptionsSystem,
  ...loadsStores,
  ...atomics,
  ...dataProcessingRegister,
];

function isRow(entry: Row | Alias): entry is Row {
  return "meaning" in entry;
}

export const rows: readonly Row[] = entries.filter(isRow);

/**
 * Rows without a syntax: words that are executed, or raise a trap of their own, but are not written or printed. They come
 * behind the others in the order of forms.
 */
export const unwrittenRows: readonly Row[] = [...floatingPoint, ...pstateOtherOperands];

/** Every row that has forms. */
export const executedRows: readonly Row[] = [...rows, ...unwrittenRows];

export const aliases: readonly Alias[] = entries.filter((entry): entry is Alias => !isRow(entry));
