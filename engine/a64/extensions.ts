/** Extensions of A64 that the instruction table does not have: a message can say what a word would be elsewhere. */
import { type Pattern, parsePattern } from "./pattern.js";

/** FEAT_* of the Arm ARM (A2.2), and words of it; ID registers say that all of these are absent. */
const encodings = [
  // C4.1: "SVE encodings" and "SME encodings", by op0 and bit 31.
  ["FEAT_SVE", "xxx 0010 xxxxxxxxxxxxxxxxxxxxxxxxx"],
  ["FEAT_SME", "1xx 0000 xxxxxxxxxxxxxxxxxxxxxxxxx"],
  // Data-processing (1 source) with opcode2 1, PACGA, branches with bits 15 to 11 = 00001, LDRAA and LDRAB.
  ["FEAT_PAuth", "1 1 0 11010110 00001 xxxxxxxxxxxxxxxx"],
  ["FEAT_PAuth", "1 0 0 11010110 xxxxx 001100 xxxxxxxxxx"],
  ["FEAT_PAuth", "1101011 x x xx 11111 00001 x xxxxxxxxxx"],
  ["FEAT_PAuth", "11 111 0 00 xx 1 xxxxxxxxx x 1 xxxxxxxxxx"],
  // ADDG and SUBG, IRG and GMI, SUBP and SUBPS, LDG, STG and their kin, STGP, DC with tags, PSTATE.TCO.
  ["FEAT_MTE", "1 x 0 100011 0 xxxxxxxxxxxxxxxxxxxxxx"],
  ["FEAT_MTE", "1 0 0 11010110 xxxxx 00010x xxxxxxxxxx"],
  ["FEAT_MTE", "1 0 x 11010110 xxxxx 000000 xxxxxxxxxx"],
  ["FEAT_MTE", "11011001 xx 1 xxxxxxxxxxxxxxxxxxxxx"],
  ["FEAT_MTE", "01 101 0 0xx 0 xxxxxxx xxxxx xxxxx xxxxx"],
  ["FEAT_MTE", "1101010100 0 01 0xx 0111 xxxx 011 xxxxx"],
  ["FEAT_MTE", "1101010100 0 01 0xx 0111 xxxx 10x xxxxx"],
  ["FEAT_MTE", "1101010100000 011 0100 xxxx 100 11111"],
  ["FEAT_MTE", "1101010100 x 11 011 0100 0010 111 xxxxx"],
  // RNDR and RNDRRS.
  ["FEAT_RNG", "1101010100 1 11 011 0010 0100 00x xxxxx"],
  // Of later versions: BC.cond; WFET and WFIT; 64-byte accesses; transactions; CPY and SET; ABS, CNT and CTZ, minimum and
  // maximum.
  ["FEAT_HBC", "01010100 xxxxxxxxxxxxxxxxxxx 1 xxxx"],
  ["FEAT_WFxT", "11010101000000110001 0000 00x xxxxx"],
  ["FEAT_LS64", "11 111 0 00 00 1 xxxxx 1 xxx 00 xxxxx xxxxx"],
  ["FEAT_TME", "11010100 011 xxxxxxxxxxxxxxxx 00000"],
  ["FEAT_TME", "1101010100 1 00 011 0011 000x 011 xxxxx"],
  ["FEAT_MOPS", "00 011 x 01 xx 0 xxxxx xxxx 01 xxxxxxxxxx"],
  ["FEAT_CSSC", "x 1 0 11010110 00000 00100x xxxxxxxxxx"],
  ["FEAT_CSSC", "x 1 0 11010110 00000 00011x xxxxxxxxxx"],
  ["FEAT_CSSC", "x 0 0 11010110 xxxxx 0110xx xxxxxxxxxx"],
  ["FEAT_CSSC", "x 0 0 100011 1 00xx xxxxxxxx xxxxxxxxxx"],
] as const;

/** The extension that a word which the table does not have belongs to; undefined if to none of those above. */
export function absentExtension(word: number): string | undefined {
  const has = ({ mask, value }: Pattern): boolean => ((word ^ value) & mask) === 0;
  return encodings.find(([, text]) => has(parsePattern(text)))?.[0];
}
