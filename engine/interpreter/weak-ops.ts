/**
 * The weak interpreter's backend: as the plain one, but accesses, barriers and maintenance are calls of weak.wasm, and each value has
 * views (weak-views.ts).
 */
import type { Form } from "../a64/forms.js";
import type { IndirectBranch, SystemRegister } from "../a64/ops.js";
import type { WasmModule } from "../wasm/module.js";
import type { Field, Value } from "../wasm/value.js";
import type { HandlerMaker } from "./module.js";
import { WeakMemory } from "./weak-memory.js";
import { NZCV_INDEX, union } from "./weak-views.js";

const SYSTEM_INDEX = 36;

class WeakOps extends WeakMemory {
  override branchIf(condition: Value, target: Value): void {
    this.tracker.used([condition, target]);
    this.synchronizeAfter(condition);
    super.branchIf(condition, target);
  }

  override branchIndirect(target: Value, type: IndirectBranch, n: Field): void {
    this.tracker.used([target]);
    this.synchronizeAfter(target);
    super.branchIndirect(target, type, n);
  }

  protected override noteBranch(): void {}

  /** System registers share one view: more than what is asked for, but never less. */
  override readSystem(register: SystemRegister): Value {
    const index = register === "NZCV" ? NZCV_INDEX : SYSTEM_INDEX;
    const value = super.readSystem(register);
    return { ...value, views: this.viewsAt(this.indexed(index), () => this.indexed(index)) };
  }

  override writeSystem(register: SystemRegister, value: Value): void {
    this.tracker.used([value]);
    if (register === "NZCV") this.storeViews(() => this.indexed(NZCV_INDEX), value);
    else {
      const before = this.viewsAt(this.indexed(SYSTEM_INDEX), () => this.indexed(SYSTEM_INDEX));
      const joined = union([value, { ...value, views: before }]);
      this.storeViews(() => this.indexed(SYSTEM_INDEX), { ...value, views: joined });
    }
    super.writeSystem(register, value);
  }
}

/** A handler of the weak interpreter: one pass over the meaning finds where values go, the next one makes the code. */
export const weakHandler: HandlerMaker = (module: WasmModule, form: Form) => {
  const first = new WeakOps(module);
  form.row.meaning(first, first.fieldsOf(form));
  const o = new WeakOps(module, first.destinations());
  form.row.meaning(o, o.fieldsOf(form));
  return { body: o.finish(), locals: o.code.localTypes() };
};
