/** The package's front door: static calls over the machine of cmodx/engine. */

export type { AdoptOptions, WithSymbols } from "./static-call/adopt.js";
export { RET0, type StaticCallOptions, type Target } from "./static-call/define.js";
export type { Design, DesignName, KeyText, MemoryView } from "./static-call/design.js";
export { designs } from "./static-call/designs.js";
export { StaticCallError, type StaticCallErrorCode } from "./static-call/errors.js";
export { linkSites, type WithSections } from "./static-call/sites.js";
export { type Argument, StaticCall, staticCallsOf } from "./static-call/static-call.js";
export { staticCallSupport } from "./static-call/support.js";
export type { MaintenanceStep, Misalignment, PatchFaults } from "./static-call/weakening.js";
export { runCampaign as stress, type StressOptions, type StressProgress } from "./stress/campaign.js";
export { StressError, type StressErrorCode } from "./stress/errors.js";
export type { Campaign, CampaignOptions, Shard } from "./stress/options.js";
export type { StressReport, Violation, ViolationKind } from "./stress/report.js";
