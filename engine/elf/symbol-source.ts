/** Addresses that an embedder hands in by name, as to the assembler. */
export type SymbolSource = ReadonlyMap<string, bigint> | Readonly<Record<string, bigint | number>>;

/** A symbol's address, unsigned; undefined if the source does not have it. */
export type SymbolLookup = (name: string) => bigint | undefined;

export function symbolLookup(source: SymbolSource | undefined): SymbolLookup {
  if (source === undefined) return () => undefined;
  const map =
    source instanceof Map
      ? (source as ReadonlyMap<string, bigint>)
      : new Map(
          Object.entries(source as Readonly<Record<string, bigint | number>>).map(([name, value]) => [
            name,
            BigInt(value),
          ]),
        );
  return (name) => {
    const address = map.get(name);
    return address === undefined ? undefined : BigInt.asUintN(64, address);
  };
}
