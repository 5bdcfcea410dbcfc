/* What a kernel's core code and its arm64 part do for static_call_update. */
#include "static_call.h"

/* Where code can be written: cmodx loads the table (staticCallSupport), from the machine's windows. An entry of zeroes ends it. */
struct patch_mapping {
  unsigned long start, end, writable;
};
extern const struct patch_mapping __patch_map[];

/* The patch procedure: guest assembly of cmodx, so that it is written once (src/static-call/designs/hybrid.ts). */
extern void patch_hybrid(void *tramp, void *writable, void *func, struct static_call_key *key) __asm__(
    "__static_call_update.hybrid");

/* As the kernel's: text is not writable where it is executed. */
static void *patch_map(void *address) {
  unsigned long at = (unsigned long)address;
  for (const struct patch_mapping *mapping = __patch_map; mapping->end != 0; mapping++)
    if (mapping->start <= at && at < mapping->end) return (void *)(mapping->writable + (at - mapping->start));
  return address; /* Mapped nowhere else: a store faults. */
}

void __static_call_update(struct static_call_key *key, void *tramp, void *func) {
  patch_hybrid(tramp, patch_map(tramp), func, key);
}
