/** The types that declarations name, with the sizes and signs that herd gives them. */
import type { LitmusType, ScalarType } from "./syntax.js";

const signed = (name: string, bytes: ScalarType["bytes"]): ScalarType => ({ name, bytes, signed: true });
const unsigned = (name: string, bytes: ScalarType["bytes"]): ScalarType => ({ name, bytes, signed: false });

/** herd's `long` is a word of 32 bits. */
const scalars: ReadonlyMap<string, ScalarType> = new Map(
  [
    signed("char", 1),
    signed("int8_t", 1),
    unsigned("uint8_t", 1),
    signed("short", 2),
    signed("int16_t", 2),
    unsigned("uint16_t", 2),
    signed("int", 4),
    signed("long", 4),
    signed("int32_t", 4),
    unsigned("uint32_t", 4),
    unsigned("atomic_t", 4),
    unsigned("ins_t", 4),
    signed("int64_t", 8),
    unsigned("uint64_t", 8),
    signed("intptr_t", 8),
    unsigned("uintptr_t", 8),
  ].map((type) => [type.name, type]),
);

/** What a register or location is whose type nobody gave. */
export const defaultType: ScalarType = signed("int", 4);

export function scalarType(name: string): ScalarType | undefined {
  return scalars.get(name);
}

export function knownTypes(): string {
  return [...scalars.keys()].join(", ");
}

/** Bytes that a location of the type takes. */
export function sizeOf(type: LitmusType): number {
  if (type.kind === "pointer") return 8;
  return type.kind === "scalar" ? type.scalar.bytes : type.element.bytes * type.length;
}
