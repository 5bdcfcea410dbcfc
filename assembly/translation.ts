/** AT: address translation as far as there is one, by the window table (Arm ARM C5.5.1, PAR_EL1). */
import { PAR_EL1, WINDOW_BASE, WINDOW_BYTES, WINDOW_FLAGS, WINDOW_HOST, WINDOW_SIZE, WINDOW_WRITE } from "./layout";
import { trap } from "./exceptions";
import { findWindow, hostOf, windowAt } from "./windows";

// PAR_EL1: bit 11 is one; ATTR write-back and SH inner shareable of a translation, FST of a fault.
const PAR_RES1: u64 = 1 << 11;
const PAR_MEMORY: u64 = (0xff << 56) | (3 << 7);
const PAR_PAGE: u64 = 0xfffffffff000;
const PAR_FAULT: u64 = 1;
const PAR_TRANSLATION_LEVEL_3: u64 = 0b000111 << 1;
const PAR_PERMISSION_LEVEL_3: u64 = 0b001111 << 1;

/** What stands for the physical address of memory: bits 47 to 12 of where the first window that shows it has it. */
function physicalPage(host: u32): u64 {
  let window = windowAt(0);
  while (<u64>(host - load<u32>(window, WINDOW_HOST)) >= load<u64>(window, WINDOW_BYTES)) window += WINDOW_SIZE;
  return (load<u64>(window, WINDOW_BASE) + (host - load<u32>(window, WINDOW_HOST))) & PAR_PAGE;
}

/**
 * AT. EL0 and EL1 have the same rights here, and PSTATE.PAN takes none away: the operations differ in whether they write
 * alone, bit 0 of their number. The caller looks at EXCEPTION.
 */
export function addressTranslation(core: u32, pc: u64, op: u32, address: u64): void {
  if (trap(core, pc, 1)) return;
  const index = findWindow(address);
  if (index < 0) return store<u64>(core, PAR_RES1 | PAR_TRANSLATION_LEVEL_3 | PAR_FAULT, PAR_EL1);
  const window = windowAt(index);
  if ((op & 1) != 0 && (load<u32>(window, WINDOW_FLAGS) & WINDOW_WRITE) == 0) {
    return store<u64>(core, PAR_RES1 | PAR_PERMISSION_LEVEL_3 | PAR_FAULT, PAR_EL1);
  }
  store<u64>(core, PAR_RES1 | PAR_MEMORY | physicalPage(hostOf(window, address)), PAR_EL1);
}
