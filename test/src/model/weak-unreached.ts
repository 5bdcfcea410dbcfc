/** Allowed final states that the weak machine does not reach, by test: how many, and why. */
interface Unreached {
  readonly states: number;
  readonly why: string;
}

/** The value of the load is copied, compared or chosen from before the store that would have to come before it. */
const used = "a load does not wait beyond the first use of its value";

export const unreachedStates: Readonly<Record<string, Unreached>> = {
  "user/CAS+data1.litmus": { states: 1, why: used },
  "user/LB+CSEL4.litmus": { states: 1, why: used },
  "user/LB+SWP-RsRt-addr+rel.litmus": { states: 1, why: used },
  "user/LB+rel+BEQ.litmus": { states: 1, why: used },
  "user/LB+rel+CAS-ok-RsRs-addr.litmus": { states: 1, why: used },
  "user/LB+rel+CSEL.litmus": { states: 1, why: used },
  "user/LB+rel+CSEL2.litmus": { states: 1, why: used },
  "user/LB+rel+CSEL3.litmus": { states: 1, why: used },
};
