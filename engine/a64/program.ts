/** What the assembler gives and the machine loads. */
export interface ProgramSection {
  readonly name: string;
  /** Where it stands in the guest's address space. */
  readonly address: bigint;
  readonly bytes: Uint8Array;
  /** GNU as section flags: "a", "ax", "aw". */
  readonly flags: string;
}

export interface Program {
  readonly sections: readonly ProgramSection[];
  /** Every label and .set symbol by name. */
  readonly symbols: ReadonlyMap<string, bigint>;
}
