/**
 * A litmus test as it was written: what the parser gives. Places are offsets into the text, so that whoever finds
 * something wrong later can still say where.
 */

/** An integer type of C, with herd's names. `ins_t` is an instruction word. */
export interface ScalarType {
  readonly name: string;
  readonly bytes: 1 | 2 | 4 | 8;
  readonly signed: boolean;
}

export type LitmusType =
  | { readonly kind: "scalar"; readonly scalar: ScalarType }
  | { readonly kind: "pointer" }
  | { readonly kind: "array"; readonly element: ScalarType; readonly length: number };

/** A register of a thread: 0 to 30 for X0 to X30, 31 for SP. */
export interface RegisterName {
  readonly kind: "register";
  readonly thread: number;
  readonly register: number;
}

/** A register that the test leaves to the tool to choose: `0:%a`, X%a in the program. */
export interface SymbolicRegister {
  readonly kind: "symbolic-register";
  readonly thread: number;
  readonly name: string;
}

/** A location of memory: `x`, `[x]`, or with an index `x[1]`. */
export interface LocationName {
  readonly kind: "location";
  readonly name: string;
  readonly index?: number;
}

export type StateName = RegisterName | SymbolicRegister | LocationName;

/** A value as the initial state and the condition write it. */
export type LitmusValue =
  | { readonly kind: "number"; readonly value: bigint }
  /** The address of a location, `x` or `x[1]`. */
  | { readonly kind: "address"; readonly name: string; readonly index?: number }
  /** The address of an instruction: `P1:L0` or `label:"P1:L0"`. */
  | { readonly kind: "label"; readonly thread: number; readonly label: string }
  /** The word of an instruction: `NOP` or `instr:"B .+4"`. */
  | { readonly kind: "instruction"; readonly text: string }
  | { readonly kind: "array"; readonly values: readonly LitmusValue[] }
  /** `(oa:x, ...)`: kept, since tests that are not about page tables carry some. */
  | { readonly kind: "page-table-entry"; readonly text: string };

/** One entry of the initial state. */
export interface Assignment {
  readonly name: StateName;
  readonly type?: LitmusType;
  /** Absent: a declaration alone, which is zero. */
  readonly value?: LitmusValue;
  readonly offset: number;
}

/** One cell of the program's table that holds an instruction. */
export interface InstructionCell {
  /** Without labels and comments. */
  readonly text: string;
  readonly offset: number;
}

export interface LabelCell {
  readonly name: string;
  /** Index of the instruction that it names; the column's length for its end. */
  readonly index: number;
  readonly offset: number;
}

export interface Column {
  readonly instructions: readonly InstructionCell[];
  readonly labels: readonly LabelCell[];
}

export interface LitmusThread {
  /** The number in its heading: 0 for P0. */
  readonly id: number;
  readonly code: Column;
  /** `P0.F`: where its exceptions go. */
  readonly handler?: Column;
}

/** `fault(P0:L0,x,MMU:Translation)`: what is absent may be anything. */
export interface FaultAtom {
  readonly kind: "fault";
  readonly thread: number;
  readonly label?: string;
  readonly location?: string;
  readonly type?: string;
  readonly offset: number;
}

export type Proposition =
  | { readonly kind: "constant"; readonly value: boolean }
  | { readonly kind: "value"; readonly name: StateName; readonly value: LitmusValue; readonly offset: number }
  /** Two names that hold the same value. */
  | { readonly kind: "same"; readonly left: StateName; readonly right: StateName; readonly offset: number }
  | FaultAtom
  | { readonly kind: "not"; readonly operand: Proposition }
  | { readonly kind: "and" | "or"; readonly operands: readonly Proposition[] }
  | { readonly kind: "implies"; readonly operands: readonly [Proposition, Proposition] };

export type Quantifier = "exists" | "~exists" | "forall";

/** An entry of `locations [...]`. */
export type LocationsItem =
  | { readonly kind: "name"; readonly name: StateName; readonly type?: LitmusType; readonly offset: number }
  | FaultAtom;

export interface Condition {
  readonly quantifier: Quantifier;
  readonly proposition: Proposition;
}

/** CTR_EL0.IDC and DIC; DIC includes IDC. */
export interface CacheTypeOption {
  readonly idc: boolean;
  readonly dic: boolean;
}

export interface LitmusTest {
  readonly name: string;
  /** The string below the name. */
  readonly doc?: string;
  /** `Key=value` lines in their order. */
  readonly info: readonly (readonly [key: string, value: string])[];
  readonly cacheType: CacheTypeOption;
  readonly initial: readonly Assignment[];
  readonly threads: readonly LitmusThread[];
  readonly locations: readonly LocationsItem[];
  /** Executions that do not meet it are left out. */
  readonly filter?: Proposition;
  /** `forall (true)` where the test has none. */
  readonly condition: Condition;
  readonly source: LitmusSource;
}

/** The text that a test came from. */
export interface LitmusSource {
  readonly file: string;
  readonly text: string;
}
