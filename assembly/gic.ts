/**
 * Software-generated interrupts between cores, by the system registers of GICv3's CPU interface (Arm IHI 0069): what a kernel's IPIs
 * need. Only SGIs exist, INTID 0 to 15, all of group 1 and of one priority, the 0xa0 that Linux gives every interrupt; there is no
 * distributor to set that up by. Affinities 1 to 3 are zero: Aff0 is the core's number. What the host raises (INTERRUPTS) and the timers' lines
 * go past the GIC, straight to the core: ICC_IAR1_EL1 has no INTID for them.
 */
import {
  CORES, CORE_COUNT, CORE_INDEX, CORE_SIZE, PENDING, PENDING_INTERRUPT, SGI_ACTIVE, SGI_ENABLE, SGI_PENDING, SGI_PRIORITY_MASK,
  SYSREG_ICC_EOIR1_EL1, SYSREG_ICC_HPPIR1_EL1, SYSREG_ICC_IAR1_EL1, SYSREG_ICC_IGRPEN1_EL1, SYSREG_ICC_PMR_EL1, SYSREG_ICC_RPR_EL1,
  SYSREG_ICC_SGI1R_EL1, SYSREG_ICC_SRE_EL1,
} from "./layout";
import { wake } from "./broadcast";
import { interruptIfPending } from "./interrupts";

const PRIORITY: u32 = 0xa0;
const IDLE_PRIORITY: u64 = 0xff;
/** INTID that says that there is none. */
const SPURIOUS: u64 = 1023;
/** ICC_SRE_EL1: SRE, DFB and DIB, all fixed. */
const SRE: u64 = 7;
// ICC_SGI1R_EL1.
const IRM: u64 = 1 << 40;
/** Aff3, RS, Aff2 and Aff1. */
const ELSEWHERE: u64 = 0x00fff0ff00ff0000;

export function isGic(register: u32): bool {
  return <i32>register >= SYSREG_ICC_PMR_EL1 && <i32>register <= SYSREG_ICC_SRE_EL1;
}

/** Whether an SGI asserts the core's IRQ. */
export function isSgiSignalled(core: u32): bool {
  if (load<u32>(core, SGI_ENABLE) == 0) return false;
  return load<u32>(core, SGI_ACTIVE) == 0 && load<u32>(core, SGI_PRIORITY_MASK) > PRIORITY && atomic.load<u32>(core + SGI_PENDING) != 0;
}

function highestPending(core: u32): u64 {
  return isSgiSignalled(core) ? <u64>ctz(atomic.load<u32>(core + SGI_PENDING)) : SPURIOUS;
}

function acknowledge(core: u32): u64 {
  const id = highestPending(core);
  if (id == SPURIOUS) return id;
  atomic.and<u32>(core + SGI_PENDING, ~(1 << <u32>id));
  store<u32>(core, load<u32>(core, SGI_ACTIVE) | (1 << <u32>id), SGI_ACTIVE);
  return id;
}

/** ICC_SGI1R_EL1: to the cores of the target list, or (IRM) to all others. */
function send(core: u32, value: u64): void {
  const self = load<u32>(core, CORE_INDEX);
  const toOthers = (value & IRM) != 0;
  if (!toOthers && (value & ELSEWHERE) != 0) return;
  const id = <u32>(value >>> 24) & 15;
  const count = load<u32>(CORE_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    if (toOthers ? i == self : ((value >>> i) & 1) == 0) continue;
    const target = CORES + i * CORE_SIZE;
    atomic.or<u32>(target + SGI_PENDING, 1 << id);
    atomic.or<u32>(target + PENDING, PENDING_INTERRUPT);
  }
  if (count > 1) wake();
}

export function readGic(core: u32, register: u32): u64 {
  switch (register) {
    case SYSREG_ICC_PMR_EL1: return <u64>load<u32>(core, SGI_PRIORITY_MASK);
    case SYSREG_ICC_IAR1_EL1: return acknowledge(core);
    case SYSREG_ICC_HPPIR1_EL1: return highestPending(core);
    case SYSREG_ICC_RPR_EL1: return load<u32>(core, SGI_ACTIVE) != 0 ? PRIORITY : IDLE_PRIORITY;
    case SYSREG_ICC_IGRPEN1_EL1: return <u64>load<u32>(core, SGI_ENABLE);
    default: return SRE;
  }
}

export function writeGic(core: u32, register: u32, value: u64): void {
  switch (register) {
    case SYSREG_ICC_SGI1R_EL1: return send(core, value);
    case SYSREG_ICC_PMR_EL1: store<u32>(core, <u32>value & 0xff, SGI_PRIORITY_MASK); break;
    case SYSREG_ICC_IGRPEN1_EL1: store<u32>(core, <u32>value & 1, SGI_ENABLE); break;
    case SYSREG_ICC_EOIR1_EL1:
      if (value < 16) store<u32>(core, load<u32>(core, SGI_ACTIVE) & ~(1 << <u32>value), SGI_ACTIVE);
      break;
    default: return;
  }
  interruptIfPending(core);
}
