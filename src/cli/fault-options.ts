/** The flags that take protections away from a design, for every command that has designs. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { MaintenanceStep, Misalignment, PatchFaults } from "../static-call/weakening.js";

// The lists stand here too: the command line loads nothing of the product before a command runs. Their types hold them.
const steps: readonly MaintenanceStep[] = ["dc", "dsb1", "ic", "dsb2", "isb"];
const misalignments: readonly Misalignment[] = ["4", "8", "line", "page"];

/** What commander makes of the flags. */
export interface FaultFlags {
  readonly skip?: readonly MaintenanceStep[];
  readonly stores?: "words" | "bytes";
  readonly order?: "insn-first";
  readonly nearLiteral: boolean;
  readonly misalign?: Misalignment;
}

export function isOneOf<T extends string>(names: readonly T[], text: string): text is T {
  return (names as readonly string[]).includes(text);
}

function parseSkip(text: string): MaintenanceStep[] {
  return text.split(",").map((name) => {
    if (!isOneOf(steps, name)) throw new InvalidArgumentError(`Steps are ${steps.join(", ")}, with commas.`);
    return name;
  });
}

export function withFaultOptions(command: Command): Command {
  return command
    .option("--skip <steps>", `leave out of the maintenance: ${steps.join(",")}`, parseSkip)
    .addOption(new Option("--stores <size>", "store words or bytes, not doublewords").choices(["words", "bytes"]))
    .addOption(new Option("--order <order>", "store the instructions before the literal").choices(["insn-first"]))
    .option("--no-near-literal", "don't write the literal when a branch reaches the target")
    .addOption(new Option("--misalign <how>", "move the window off its alignment").choices(misalignments));
}

export function faultsOf({ skip, stores, order, nearLiteral, misalign }: FaultFlags): PatchFaults {
  return {
    ...(skip === undefined ? {} : { skip }),
    ...(stores === undefined ? {} : { stores }),
    ...(order === undefined ? {} : { order }),
    ...(nearLiteral ? {} : { noNearLiteral: true as const }),
    ...(misalign === undefined ? {} : { misalign }),
  };
}
