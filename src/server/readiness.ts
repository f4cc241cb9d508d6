/** One condition of being ready. `reason` gives a short text while the condition does not hold, else undefined. */
export interface ReadinessCheck {
  readonly name: string;
  readonly reason: () => string | undefined;
}

/** A condition that does not hold. */
export interface ReadinessFault {
  readonly name: string;
  readonly reason: string;
}

/** Whether new requests should be sent here. Draining is final: a server that stops never becomes ready again. */
export class Readiness {
  readonly #checks: readonly ReadinessCheck[];
  #draining = false;

  constructor(checks: readonly ReadinessCheck[]) {
    this.#checks = checks;
  }

  get draining(): boolean {
    return this.#draining;
  }

  get names(): readonly string[] {
    return this.#checks.map((check) => check.name);
  }

  drain(): void {
    this.#draining = true;
  }

  /** Empty when ready. */
  faults(): ReadinessFault[] {
    const faults = this.#checks.flatMap(({ name, reason }) => {
      const text = reason();
      return text === undefined ? [] : [{ name, reason: text }];
    });
    return this.#draining ? [{ name: "drain", reason: "shutting down" }, ...faults] : faults;
  }
}
