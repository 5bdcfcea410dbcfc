/** Why a core has come to a stop: STOP_* of the run loop, and what its host adds. */
export const STOP_TIME = 100;
export const STOP_STOPPED = 101;
export const STOP_EXITED = 102;
