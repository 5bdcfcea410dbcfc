/** The last cache maintenance operations of a machine, for those who want to tell what happened. */
import * as layout from "../../assembly/layout.js";

export interface MaintenanceRecord {
  /** Place in the order of all operations, from 1 on. */
  readonly number: number;
  readonly core: number;
  /** Address of the instruction. */
  readonly pc: bigint;
  /** "dsb": one that completed some of this core's others. */
  readonly operation: "dc" | "ic ivau" | "ic iallu" | "dsb";
  /** What a DC or IC by address was given. */
  readonly address: bigint | undefined;
}

const operations: ReadonlyMap<number, MaintenanceRecord["operation"]> = new Map([
  [layout.RECORDED_CLEAN, "dc"],
  [layout.RECORDED_INVALIDATE, "ic ivau"],
  [layout.RECORDED_INVALIDATE_ALL, "ic iallu"],
  [layout.RECORDED_DSB, "dsb"],
]);

function readRecord(view: DataView, at: number): MaintenanceRecord | undefined {
  const number = view.getUint32(at + layout.RECORD_NUMBER, true);
  const operation = operations.get(view.getUint32(at + layout.RECORD_OPERATION, true));
  if (number === 0 || operation === undefined) return undefined;
  const hasAddress = operation === "dc" || operation === "ic ivau";
  return {
    number,
    core: view.getUint32(at + layout.RECORD_CORE, true),
    pc: view.getBigUint64(at + layout.RECORD_PC, true),
    operation,
    address: hasAddress ? view.getBigUint64(at + layout.RECORD_ADDRESS, true) : undefined,
  };
}

/** Oldest first; one that is being written at this moment is left out. */
export function readRecords(view: DataView): readonly MaintenanceRecord[] {
  const places = Array.from({ length: layout.RECORD_ENTRIES }, (_, i) => layout.RECORDS + i * layout.RECORD_BYTES);
  return places
    .map((at) => readRecord(view, at))
    .filter((record) => record !== undefined)
    .sort((a, b) => a.number - b.number);
}
