import { setMaxListeners } from "node:events";
import type { Clock } from "../core/index.js";
import type { TrustedAuthority } from "./bundle.js";
import { type IssuedPair, isBlank, type KeptCertificates, readKept } from "./kept.js";
import type { BundleHolder, BundlePort, CertificateSecretPort, Leadership } from "./ports.js";
import { Publication } from "./publication.js";
import { type CertificateLives, nextStep } from "./rotation.js";

/** What the leader did or could not do, for a log; no value of the Secret is in it. */
export type KeeperEvent =
  /** The Secret was made, repaired or rotated. */
  | { readonly kind: "written"; readonly reason: string }
  | { readonly kind: "trusted"; readonly holder: string }
  /** Another replica was faster; what it did counts. */
  | { readonly kind: "lost"; readonly holder: string }
  /** Somebody changes the bundle as often as it is put right. */
  | { readonly kind: "disputed"; readonly holder: string }
  | { readonly kind: "fault"; readonly reason: string; readonly retryMs: number };

export interface KeeperDeps {
  readonly secret: CertificateSecretPort;
  readonly bundles: BundlePort;
  readonly leadership: Leadership;
  /** DNS names of the server, the one that the API server calls first. */
  readonly names: readonly string[];
  readonly lives: CertificateLives;
  readonly clock: Clock;
  /** Milliseconds of a clock that nobody sets. */
  readonly steadyMs: () => number;
  readonly random: () => number;
  /** What this process could serve last. */
  readonly remembered: () =>
    | { readonly pair: IssuedPair; readonly authorities: readonly TrustedAuthority[] }
    | undefined;
  readonly onEvent: (event: KeeperEvent) => void;
}

/** Times are looked at anew after so long: somebody may have set the clock. */
const longestWaitMs = 60_000;
/** The watch usually tells of what was written within milliseconds. */
const echoMs = 5_000;
const firstRetryMs = 1_000;
const maxRetryMs = 30_000;
/** So many changes of the bundles in so long are more than any rotation makes. */
const disputeWrites = 6;
const disputeMs = 60_000;

/**
 * While this process is the leader: makes the Secret, renews and repairs it, and puts its CAs into the webhook configurations.
 * Whatever it does depends on what is there alone, so a leader that dies anywhere is followed by one that goes on from there.
 * @returns stops it
 */
export function keepCertificates(deps: KeeperDeps): () => void {
  const { clock, random, onEvent } = deps;
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const bell = new Bell(clock);
  const forget = [
    deps.secret.onChange(() => bell.ring()),
    deps.bundles.onChange(() => bell.ring()),
    deps.leadership.onChange(() => bell.ring()),
  ];
  const work = new Keeper(deps);
  const keep = async (): Promise<void> => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      bell.silence();
      try {
        const waitMs = await work.step(stopping.signal);
        failures = 0;
        await bell.wait(waitMs, stopping.signal);
      } catch (error) {
        if (stopping.signal.aborted) return;
        const retryMs = Math.round(Math.min(maxRetryMs, firstRetryMs * 2 ** failures) * (0.5 + random() / 2));
        failures = Math.min(failures + 1, 10);
        onEvent({ kind: "fault", reason: error instanceof Error ? error.message : "unknown fault", retryMs });
        await clock.sleep(retryMs, stopping.signal).catch(() => undefined);
      }
    }
  };
  void keep();
  return () => {
    for (const each of forget) each();
    stopping.abort(new Error("stopped"));
  };
}

class Keeper {
  readonly #deps: KeeperDeps;
  readonly #publication: Publication;
  #seenHolders = false;
  #isDisputed = false;
  #bundleWritesMs: readonly number[] = [];

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
    this.#publication = new Publication(deps.steadyMs);
  }

  /** Does what is to do now. @returns how long nothing is to do unless something changes; milliseconds */
  async step(signal: AbortSignal): Promise<number> {
    const { secret, bundles, names, clock, lives, leadership } = this.#deps;
    const found = secret.current();
    if (!leadership.isLeader() || found.kind === "unknown") return longestWaitMs;
    const nowMs = clock.nowMs();
    const kept =
      found.kind === "found" && !isBlank(found.values) ? readKept(found.values, names[0] ?? "", nowMs) : undefined;
    const holders = bundles.current();
    if (typeof holders !== "string") {
      this.#publication.observe(holders, kept?.authorities ?? []);
      // An uninstallation has taken it away, and would leave a Secret behind that nobody asked for.
      if (this.#isUninstalled(holders) && kept === undefined) return longestWaitMs;
      if (kept?.signer !== undefined && (await this.#publish(holders, kept, signal))) return echoMs;
    }
    const remembered = this.#deps.remembered();
    const step = await nextStep(kept, {
      ...{ nowMs, names, lives },
      ...(remembered === undefined ? {} : { remembered }),
      publishedForMs: (fingerprint) => this.#publication.heldForMs(fingerprint),
    });
    if (step.kind === "wait") return Math.min(longestWaitMs, Math.max(0, step.untilMs - clock.nowMs()));
    if (!leadership.isLeader()) return longestWaitMs;
    const outcome = await secret.write(found, step.values, signal);
    if (outcome === "written") this.#deps.onEvent({ kind: "written", reason: step.reason });
    else this.#deps.onEvent({ kind: "lost", holder: "the Secret" });
    return echoMs;
  }

  #isUninstalled(holders: readonly BundleHolder[]): boolean {
    this.#seenHolders ||= holders.length > 0;
    return this.#seenHolders && holders.length === 0;
  }

  /** @returns whether anything was written, so that what is known of the holders is out of date */
  async #publish(holders: readonly BundleHolder[], kept: KeptCertificates, signal: AbortSignal): Promise<boolean> {
    const { bundles, clock, leadership, onEvent } = this.#deps;
    let wrote = false;
    for (const holder of holders) {
      const wanted = this.#publication.wanted(holder, kept.authorities, clock.nowMs());
      if (holder.bundles.every((bundle) => bundle === wanted) || !leadership.isLeader()) continue;
      if (!this.#mayWrite()) {
        if (!this.#isDisputed) onEvent({ kind: "disputed", holder: holder.name });
        this.#isDisputed = true;
        continue;
      }
      this.#isDisputed = false;
      const outcome = await bundles.write(holder, wanted, signal);
      onEvent({ kind: outcome === "written" ? "trusted" : "lost", holder: holder.name });
      wrote = true;
    }
    return wrote;
  }

  /** Two that put each other right at the speed of a watch would do nothing else. */
  #mayWrite(): boolean {
    const nowMs = this.#deps.steadyMs();
    this.#bundleWritesMs = this.#bundleWritesMs.filter((ms) => nowMs - ms < disputeMs);
    if (this.#bundleWritesMs.length >= disputeWrites) return false;
    this.#bundleWritesMs = [...this.#bundleWritesMs, nowMs];
    return true;
  }
}

/** Waits that end early when something has changed, also when it changed just before. */
class Bell {
  readonly #clock: Clock;
  #rung = false;
  #wake: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ring(): void {
    this.#rung = true;
    this.#wake();
  }

  silence(): void {
    this.#rung = false;
  }

  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#rung) return;
    const waiting = new AbortController();
    const end = (): void => waiting.abort();
    this.#wake = end;
    signal.addEventListener("abort", end, { once: true });
    await this.#clock.sleep(ms, waiting.signal).catch(() => undefined);
    signal.removeEventListener("abort", end);
    this.#wake = () => undefined;
  }
}
