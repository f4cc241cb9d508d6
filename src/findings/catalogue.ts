/** Placeholder while the catalogue is written. */
export type CauseCode = string;
