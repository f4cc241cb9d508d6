/** One fault, what is asked while it lasts, and what must be answered. The page of faults is made from these rows. */
export interface FaultRow<World> {
  /** The fault in a few words, for people. */
  readonly fault: string;
  readonly inject: (world: World) => Promise<void> | void;
  /** Ends the fault, in the same process. */
  readonly lift: (world: World) => Promise<void> | void;
  readonly expected: {
    readonly allowed: boolean;
    /** The cause that people read, or a part of the text where there is no finding; absent: they read nothing. */
    readonly says?: string;
  };
  /** Where the API server waits less than usual, since the answer comes at the deadline. */
  readonly timeoutMs?: number;
  /** What Pullguard does meanwhile, for people. */
  readonly does: string;
  /** How it ends, for people. */
  readonly recovers: string;
}
