/** The compile worker's thread: receives one port for each user, then plans on those ports. */

import { parentPort } from "node:worker_threads";
import { FIRST_FORM } from "../../assembly/layout.js";
import { InternalError } from "../a64/errors.js";
import type { Form } from "../a64/forms.js";
import { formsOf } from "../a64/forms.js";
import { rows } from "../a64/table.js";
import type { CompileAnswer, CompileChannel, CompileRequest } from "./compiler.js";
import { translateRegion } from "./translate.js";

const forms = formsOf(rows);

function formOf(handler: number): Form {
  const form = forms[handler - FIRST_FORM - 1];
  if (form === undefined) throw new InternalError(`handler ${handler} is no form of the instruction table`);
  return form;
}

function answer({ id, plan }: CompileRequest): CompileAnswer {
  try {
    const { binary, callees } = translateRegion(plan, formOf);
    const module = new WebAssembly.Module(binary as Uint8Array<ArrayBuffer>);
    return { id, region: { module, bytes: binary.length, callees } };
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function serve({ answers, port }: CompileChannel): void {
  const posted = new Int32Array(answers);
  port.on("message", (request: CompileRequest) => {
    port.postMessage(answer(request));
    Atomics.add(posted, 0, 1);
    Atomics.notify(posted, 0);
  });
}

parentPort?.on("message", serve);
