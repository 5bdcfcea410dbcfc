/**
 * Interrupts: those that the host raises, and the generic timer's two, whose lines go straight to the core's IRQ as if
 * there were no interrupt controller between. They are taken when the run loop is entered; what makes one possible while it
 * runs sets PENDING, which ends the slice at the next branch.
 */
import {
  CNTP_CTL_EL0, CNTP_CVAL_EL0, CNTV_CTL_EL0, CNTV_CVAL_EL0, DAIF, EXCEPTION_FIQ, EXCEPTION_IRQ, INTERRUPTS, INTERRUPT_FIQ, INTERRUPT_IRQ,
  PENDING, PENDING_INTERRUPT, VBAR_SET,
} from "./layout";
import { takeInterrupt } from "./exceptions";
import { isSgiSignalled } from "./gic";
import { counter } from "./host";

// PSTATE.DAIF.
const MASK_IRQ: u32 = 2;
const MASK_FIQ: u32 = 1;
// CNTx_CTL_EL0.
const ENABLE: u64 = 1;
const IMASK: u64 = 2;

/** CNTx_CTL_EL0.ISTATUS: the timer is enabled and its time has come. */
export function isTimerDue(core: u32, control: u32, compare: u32): bool {
  return (load<u64>(core + control) & ENABLE) != 0 && <u64>counter() >= load<u64>(core + compare);
}

function isTimerAsserted(core: u32, control: u32, compare: u32): bool {
  return (load<u64>(core + control) & (ENABLE | IMASK)) == ENABLE && isTimerDue(core, control, compare);
}

/** INTERRUPT_* that wait, masked or not. */
export function pendingInterrupts(core: u32): u32 {
  const pending = atomic.load<u32>(core + INTERRUPTS);
  if (isTimerAsserted(core, CNTP_CTL_EL0, CNTP_CVAL_EL0) || isTimerAsserted(core, CNTV_CTL_EL0, CNTV_CVAL_EL0)) {
    return pending | INTERRUPT_IRQ;
  }
  return isSgiSignalled(core) ? pending | INTERRUPT_IRQ : pending;
}

/** INTERRUPT_* that PSTATE lets through. Without vectors in the guest none is: they go on waiting. */
function deliverable(core: u32): u32 {
  if (load<u32>(core, VBAR_SET) == 0) return 0;
  const masks = load<u32>(core, DAIF);
  let unmasked: u32 = 0;
  if ((masks & MASK_IRQ) == 0) unmasked |= INTERRUPT_IRQ;
  if ((masks & MASK_FIQ) == 0) unmasked |= INTERRUPT_FIQ;
  return unmasked == 0 ? 0 : pendingInterrupts(core) & unmasked;
}

/** After a change of masks or timers: has the run loop left if an interrupt can be taken now. */
export function interruptIfPending(core: u32): void {
  if (deliverable(core) != 0) atomic.or<u32>(core + PENDING, PENDING_INTERRUPT);
}

/** Takes an interrupt before the instruction at `pc`, FIQ first; gives the PC to go on at. One that the host raised is taken once. */
export function takeInterrupts(core: u32, pc: u64): u64 {
  const possible = deliverable(core);
  if (possible == 0) return pc;
  const isFast = (possible & INTERRUPT_FIQ) != 0;
  atomic.and<u32>(core + INTERRUPTS, ~(isFast ? INTERRUPT_FIQ : INTERRUPT_IRQ));
  return takeInterrupt(core, pc, isFast ? EXCEPTION_FIQ : EXCEPTION_IRQ);
}
