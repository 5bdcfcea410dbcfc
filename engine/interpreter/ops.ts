/**
 * The interpreter's backend of the vocabulary: registers live in the core's block, operand fields are
 * read from the instruction word at run time. One instance makes one handler,
 * (core, word, pc) -> next PC, or FAULT_PC with the exception recorded and the state as before.
 */
import * as layout from "../../assembly/layout.js";
import type { Form } from "../a64/forms.js";
import { operandFieldLayouts } from "../a64/forms.js";
import type {
  AccessKind,
  BarrierOp,
  Bytes,
  DataCacheOp,
  DirectBranch,
  ExceptionOp,
  HintOp,
  IndirectBranch,
  InstructionCacheOp,
  Ops,
  PStateField,
  SystemRegister,
  TranslationOp,
  Width,
} from "../a64/ops.js";
import type { FieldLayout } from "../a64/pattern.js";
import { Code, PC_PARAMETER, WORD_PARAMETER } from "../wasm/code.js";
import {
  accessSpec,
  barrierNumbers,
  dataCacheNumbers,
  exceptionNumbers,
  hintNumbers,
  instructionCacheNumbers,
  pstateNumbers,
  systemRegisterNumber,
  translationNumbers,
} from "../wasm/core-calls.js";
import { conditionOn } from "../wasm/flags.js";
import { type Access, MemoryOps } from "../wasm/memory.js";
import { type Expression, handlerResult, type WasmModule } from "../wasm/module.js";
import type { Field, Value } from "../wasm/value.js";

const ZR_INDEX = 31;

export class InterpreterOps extends MemoryOps implements Ops<Value, Field, Access> {
  /** Whether an unconditional branch has ended the handler. */
  protected ended = false;

  constructor(module: WasmModule) {
    super(new Code(module));
  }

  /** The fields of a form as its row's meaning takes them: selectors as numbers, the rest from the word. */
  fieldsOf(form: Form): Record<string, Field | number> {
    const fields: Record<string, Field | number> = { ...form.selectors };
    for (const layout of operandFieldLayouts(form.row)) {
      fields[layout.letter] = { width: layout.width, value: this.extract(layout) };
    }
    return fields;
  }

  private extract(field: FieldLayout): Value {
    const m = this.module;
    let whole: Expression | undefined;
    let below = field.width;
    for (const run of field.runs) {
      below -= run.width;
      const word = m.local.get(WORD_PARAMETER, this.wasmI32);
      const bits = m.i32.and(m.i32.shr_u(word, m.i32.const(run.lsb)), m.i32.const(2 ** run.width - 1));
      const placed = below === 0 ? bits : m.i32.shl(bits, m.i32.const(below));
      whole = whole === undefined ? placed : m.i32.or(whole, placed);
    }
    return this.bind("i32", whole ?? m.i32.const(0));
  }

  private get wasmI32(): number {
    return this.code.types.i32;
  }

  /** The finished body: falls through to the next instruction unless a branch ended it. */
  finish(): Expression {
    if (!this.ended) this.returnNext();
    return this.module.block(null, this.code.takeStatements(), handlerResult);
  }

  protected pc(): Expression {
    return this.module.local.get(PC_PARAMETER, this.code.types.i64);
  }

  private returnNext(): void {
    this.code.push(this.module.return(this.module.i64.add(this.pc(), this.module.i64.const(4n))));
  }

  private faulted(): Expression {
    return this.module.return(this.module.i64.const(BigInt(layout.FAULT_PC)));
  }

  // ---- registers -----------------------------------------------------------------------------

  /** Address of a register's slot, relative to the block's X0; `index31` is where register 31 leads. */
  protected slot(n: Field | number, index31: number): Expression {
    const m = this.module;
    if (typeof n === "number") return m.i32.add(this.code.core(), m.i32.const(8 * (n === ZR_INDEX ? index31 : n)));
    let index = this.narrow(n.value);
    if (index31 !== ZR_INDEX) index = m.i32.add(index, m.i32.eq(this.narrow(n.value), m.i32.const(ZR_INDEX)));
    return m.i32.add(this.code.core(), m.i32.shl(index, m.i32.const(3)));
  }

  private read(n: Field | number, index31: number, width: Width): Value {
    const m = this.module;
    const pointer = this.slot(n, index31);
    return width === 64
      ? this.bind("i64", m.i64.load(layout.X, 8, pointer))
      : this.bind("i32", m.i32.load(layout.X, 4, pointer));
  }

  X(n: Field | number, width: Width): Value {
    return this.read(n, ZR_INDEX, width);
  }

  XSP(n: Field | number, width: Width): Value {
    return this.read(n, layout.SP / 8, width);
  }

  setX(d: Field | number, width: Width, value: Value): void {
    const m = this.module;
    this.code.push(m.i64.store(layout.X, 8, this.slot(d, ZR_INDEX), this.wide(this.cut(width, value))));
    // Register 31's slot may have been written: cheaper to clear it always than to ask.
    if (typeof d !== "number") this.code.storeI64(layout.ZR, m.i64.const(0n));
  }

  setXSP(d: Field | number, width: Width, value: Value): void {
    this.code.push(this.module.i64.store(layout.X, 8, this.slot(d, layout.SP / 8), this.wide(this.cut(width, value))));
  }

  PC(): Value {
    return { type: "i64", local: PC_PARAMETER };
  }

  NZCV(): Value {
    return this.bind("i32", this.code.loadI32(layout.NZCV));
  }

  setNZCV(nzcv: Value): void {
    this.code.storeI32(layout.NZCV, this.narrow(nzcv));
  }

  conditionHolds(cond: Field | number): Value {
    const m = this.module;
    const nzcv = this.NZCV();
    if (typeof cond === "number") return this.bind("i32", conditionOn(this, cond, nzcv));
    const table = m.i32.load16_u(layout.CONDITIONS, 2, m.i32.shl(this.narrow(cond.value), m.i32.const(1)));
    return this.bind("i32", m.i32.and(m.i32.shr_u(table, this.narrow(nzcv)), m.i32.const(1)));
  }

  // ---- memory --------------------------------------------------------------------------------

  base(n: Field): Value {
    const m = this.module;
    const address = this.XSP(n, 64);
    const check = this.code.nested(() => {
      const misaligned = this.callCore("checkSPAlignment", [this.code.core(), this.pc()], ["i32", "i64"], "i32");
      const raised = this.code.nested(() => this.code.push(m.if(misaligned, this.faulted())));
      this.code.push(m.if(this.code.loadI32(layout.SP_CHECKS), raised));
    });
    this.code.push(m.if(m.i32.eq(this.narrow(n.value), m.i32.const(ZR_INDEX)), check));
    return address;
  }

  access(address: Value, bytes: Bytes, kind: AccessKind, aligned = false): Access {
    const m = this.module;
    const spec = m.i32.const(accessSpec(bytes, kind, aligned));
    const call = this.callCore(
      "access",
      [this.code.core(), this.pc(), this.wide(address), spec],
      ["i32", "i64", "i64", "i32"],
      "i32",
    );
    const host = this.bind("i32", call);
    this.code.push(m.if(m.i32.eqz(this.narrow(host)), this.faulted()));
    if (kind !== "write") this.count(layout.COUNT_READS);
    if (kind !== "read") this.count(layout.COUNT_WRITES);
    return { host };
  }

  protected count(counter: number): void {
    const m = this.module;
    this.code.storeI64(counter, m.i64.add(this.code.loadI64(counter), m.i64.const(1n)));
  }

  // ---- control -------------------------------------------------------------------------------

  branchTo(target: Value, type: DirectBranch): void {
    this.count(type === "DIR" ? layout.COUNT_BRANCH_DIRECT : layout.COUNT_BRANCH_CALL);
    this.leave(this.wide(target));
  }

  branchIf(condition: Value, target: Value): void {
    const taken = this.code.nested(() => {
      this.count(layout.COUNT_BRANCH_CONDITIONAL);
      this.code.push(this.module.return(this.wide(target)));
    });
    this.code.push(this.module.if(this.narrow(condition), taken));
  }

  branchIndirect(target: Value, type: IndirectBranch, n: Field): void {
    const m = this.module;
    if (type === "RET") {
      this.count(layout.COUNT_BRANCH_RETURN);
      return this.leave(this.wide(target));
    }
    this.count(type === "INDIR" ? layout.COUNT_BRANCH_INDIRECT : layout.COUNT_BRANCH_INDIRECT_CALL);
    const btype = type === "INDCALL" ? m.i32.const(2) : this.btypeOfBR(n);
    this.code.storeI32(layout.BTYPE, btype);
    this.noteBranch(target);
    this.leave(this.wide(target));
  }

  /** Region selection wants to know where indirect branches go. */
  protected noteBranch(target: Value): void {
    const operands = [this.code.core(), this.pc(), this.wide(target)];
    this.code.push(this.callCore("noteBranch", operands, ["i32", "i64", "i64"], undefined));
  }

  /** BR through X16 or X17 may land on BTI c; through others only if the branch is not in a guarded page. */
  private btypeOfBR(n: Field): Expression {
    const m = this.module;
    const isIp = m.i32.eq(m.i32.or(this.narrow(n.value), m.i32.const(1)), m.i32.const(17));
    const guarded = this.callCore("isGuarded", [this.code.core(), this.pc()], ["i32", "i64"], "i32");
    return m.if(isIp, m.i32.const(1), m.select(guarded, m.i32.const(3), m.i32.const(1)));
  }

  exception(op: ExceptionOp, imm16: Value): void {
    const number = this.module.i32.const(exceptionNumbers[op]);
    this.leave(
      this.callCore(
        "raise",
        [this.code.core(), this.pc(), number, this.narrow(imm16)],
        ["i32", "i64", "i32", "i32"],
        "i64",
      ),
    );
  }

  eret(): void {
    this.leave(this.callCore("eret", [this.code.core(), this.pc()], ["i32", "i64"], "i64"));
  }

  private leave(next: Expression): void {
    this.code.push(this.module.return(next));
    this.ended = true;
  }

  // ---- system --------------------------------------------------------------------------------

  hint(op: HintOp): void {
    if (op === "NOP" || op === "YIELD") return;
    const number = this.module.i32.const(hintNumbers[op]);
    this.leave(this.callCore("hint", [this.code.core(), this.pc(), number], ["i32", "i64", "i32"], "i64"));
  }

  barrier(op: BarrierOp, option: Field): void {
    const operands = [
      this.code.core(),
      this.pc(),
      this.module.i32.const(barrierNumbers[op]),
      this.narrow(option.value),
    ];
    this.code.push(this.callCore("barrier", operands, ["i32", "i64", "i32", "i32"], undefined));
    // A DSB that has waited too long for another core.
    if (op === "DSB") this.endIfRaised();
  }

  dataCache(op: DataCacheOp, address: Value): void {
    this.cacheMaintenance("dataCache", dataCacheNumbers[op], address);
  }

  instructionCache(op: InstructionCacheOp, address: Value): void {
    this.cacheMaintenance("instructionCache", instructionCacheNumbers[op], address);
  }

  addressTranslation(op: TranslationOp, address: Value): void {
    const operands = [this.code.core(), this.pc(), this.module.i32.const(translationNumbers[op]), this.wide(address)];
    this.code.push(this.callCore("addressTranslation", operands, ["i32", "i64", "i32", "i64"], undefined));
    this.endIfRaised();
  }

  private cacheMaintenance(name: string, op: number, address: Value): void {
    const m = this.module;
    const operands = [this.code.core(), this.pc(), m.i32.const(op), this.wide(address)];
    const done = this.callCore(name, operands, ["i32", "i64", "i32", "i64"], "i32");
    this.code.push(m.if(m.i32.eqz(done), this.faulted()));
  }

  CheckSystemAccess(atEL0: "undefined" | "trapped"): void {
    const operands = [this.code.core(), this.pc(), this.module.i32.const(atEL0 === "undefined" ? 1 : 0)];
    const refused = this.callCore("trap", operands, ["i32", "i64", "i32"], "i32");
    this.code.push(this.module.if(refused, this.faulted()));
  }

  readSystem(register: SystemRegister): Value {
    const operands = [this.code.core(), this.pc(), this.module.i32.const(systemRegisterNumber(register))];
    const value = this.bind("i64", this.callCore("readSystem", operands, ["i32", "i64", "i32"], "i64"));
    this.endIfRaised();
    return value;
  }

  writeSystem(register: SystemRegister, value: Value): void {
    const operands = [
      this.code.core(),
      this.pc(),
      this.module.i32.const(systemRegisterNumber(register)),
      this.wide(value),
    ];
    this.code.push(this.callCore("writeSystem", operands, ["i32", "i64", "i32", "i64"], undefined));
    this.endIfRaised();
  }

  writePState(field: PStateField, imm4: Field): void {
    const operands = [
      this.code.core(),
      this.pc(),
      this.module.i32.const(pstateNumbers[field]),
      this.narrow(imm4.value),
    ];
    this.code.push(this.callCore("writePState", operands, ["i32", "i64", "i32", "i32"], undefined));
    this.endIfRaised();
  }

  private endIfRaised(): void {
    this.code.push(this.module.if(this.code.loadI32(layout.EXCEPTION), this.faulted()));
  }
}
