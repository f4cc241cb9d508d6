/** Port: admits what needs registries, a bounded amount at a time. */
export interface CheckGate {
  /** For one check from start to end; most need nothing of it, so this must cost nothing. */
  open(): GateVisit;
}

/** What one check holds of a gate: a place for each registry that its images are asked at. */
export interface GateVisit {
  /**
   * Waits for a place where the check has none for this registry yet. False: there is none in time, and the image is not to
   * be checked. Each `true` is followed by one `leave`.
   * @param registry  domain of the image
   */
  enter(registry: string, signal: AbortSignal): boolean | Promise<boolean>;
  /** @param answered  whether the registry was heard of */
  leave(registry: string, answered: boolean): void;
}
