/** What is wrong with an ELF file, or with linking some, and where. */
import { CmodxError } from "../a64/errors.js";

/**
 * "not-elf": no ELF file for 64-bit little-endian AArch64. "truncated": something is said to stand outside the file.
 * "malformed": the file contradicts itself or its format. "unsupported": what a loader may refuse. "limit": more than the
 * documented limits allow. "layout": addresses that cannot be had. "undefined-symbol", "duplicate-symbol": linking.
 * "relocation-type", "relocation-range", "relocation-alignment": a relocation that is unknown, or whose value its place
 * cannot hold.
 */
export type ElfErrorCode =
  | "not-elf"
  | "truncated"
  | "malformed"
  | "unsupported"
  | "limit"
  | "layout"
  | "undefined-symbol"
  | "duplicate-symbol"
  | "relocation-type"
  | "relocation-range"
  | "relocation-alignment";

/** The place of a relocation. */
export interface ElfPlace {
  readonly section: string;
  /** In the section, bytes. */
  readonly offset: number;
  readonly symbol: string;
}

export class ElfError extends CmodxError {
  override readonly name = "ElfError";
  declare readonly code: ElfErrorCode;

  constructor(
    code: ElfErrorCode,
    /** The name that the file was given. */
    readonly file: string,
    /** Of the field that is wrong, bytes from the start of the file; 0 where it is the file as a whole. */
    readonly offset: number,
    /** What is wrong and what to do, without the place. */
    readonly reason: string,
    readonly place?: ElfPlace,
  ) {
    const at =
      place === undefined
        ? `offset ${hex(offset)}`
        : `${place.section}+${hex(place.offset)}${place.symbol === "" ? "" : ` for '${place.symbol}'`}`;
    super(code, `${file}: ${at}: ${reason}`);
  }
}

/** A number as messages write it. */
export function hex(value: bigint | number): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
