import type { DirectiveArguments } from "../arguments.js";
import type { AssemblyState } from "../state.js";

/** Does what a directive says; the arguments stand behind its name. */
export type Directive = (state: AssemblyState, args: DirectiveArguments) => void;

export type DirectiveTable = Readonly<Record<string, Directive>>;
