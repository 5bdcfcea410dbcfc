/** The compile worker's thread: receives one port for each user, then plans on those ports. */

import { type MessagePort, parentPort } from "node:worker_threads";
import { InternalError } from "../a64/errors.js";
import type { Form } from "../a64/forms.js";
import { FormIndex } from "../a64/forms.js";
import { rows } from "../a64/table.js";
import {
  type CompileAnswer,
  type CompileChannel,
  type CompiledRegion,
  type CompileRequest,
  READY,
} from "./compiler.js";
import { NewestFirst } from "./newest.js";
import type { RegionPlan } from "./plan.js";
import { translateRegion } from "./translate.js";

/** Regions that are kept for who asks next: a hundred or so of some kB. */
const KEPT = 128;

const forms = new FormIndex(rows);

function formOf(handler: number): Form {
  const form = forms.byHandler(handler);
  if (form === undefined) throw new InternalError(`handler ${handler} is no form of the instruction table`);
  return form;
}

/** Regions that were made last, by their plans: a core asks for the same ones in machine after machine, as in a campaign. */
const newest = new NewestFirst<CompiledRegion>(KEPT);

function compile(plan: RegionPlan): CompiledRegion {
  const { binary, ...found } = translateRegion(plan, formOf);
  const module = new WebAssembly.Module(binary);
  return { module, bytes: binary.length, ...found };
}

/** A plan as a string: equal ones give equal regions. Maps, which constants are kept in, are nothing to JSON. */
function keyOf(plan: RegionPlan): string {
  return JSON.stringify(plan, (_, value: unknown) => {
    if (typeof value === "bigint") return `${value}n`;
    return value instanceof Map ? [...value] : value;
  });
}

function answer({ id, plan }: CompileRequest): CompileAnswer {
  try {
    return { id, region: newest.get(keyOf(plan), () => compile(plan)) };
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function serve({ answers, port: passed }: CompileChannel): void {
  const port = passed as MessagePort;
  const posted = new Int32Array(answers);
  port.on("message", (request: CompileRequest) => {
    port.postMessage(answer(request));
    Atomics.add(posted, 0, 1);
    Atomics.notify(posted, 0);
  });
  Atomics.store(posted, READY, 1);
}

parentPort?.on("message", serve);
