import type { Clock } from "../core/index.js";
import type { Budgets } from "./budget.js";
import { grouped } from "./grouped.js";
import type { Inventory } from "./inventory.js";
import type { AuditStore } from "./registry-state.js";
import { RegistryState } from "./registry-state.js";
import { ownerOf } from "./rendezvous.js";
import type { ReportInput } from "./report.js";
import { type RoundDeps, Rounds, type WantedImages } from "./round.js";
import type { AuditSubject, ExpiryForecast } from "./types.js";
import { type AuditView, createAuditView } from "./view.js";

/** Port: which replicas share the work. */
export interface AuditMembership {
  readonly self: string;
  /** Those alive, this one among them; undefined while this one cannot be sure that the others count it. */
  members(): readonly string[] | undefined;
}

/** What became of an auditor, for a log. `reason` holds codes and names only. */
export type AuditorEvent =
  | { readonly kind: "owned"; readonly registries: number; readonly members: number }
  | { readonly kind: "fault"; readonly reason: string };

export interface AuditorDeps extends Omit<RoundDeps, "store"> {
  readonly clock: Clock;
  readonly inventory: Inventory;
  readonly membership: AuditMembership;
  readonly store: AuditStore;
  readonly budgets: Budgets;
  /** Whether what runs is known as a whole. */
  readonly isReady: () => boolean;
  /** Who holds images now; asked for once for each report. */
  readonly holders: () => ReportInput["holdersOf"];
  /** What of a registry ends by itself; asked twice a day. */
  readonly forecast?: (subjects: readonly AuditSubject[], signal: AbortSignal) => Promise<readonly ExpiryForecast[]>;
  /** Told when there is something new to show; it is never busy with that for more than a hundredth of the time. */
  readonly publish: (view: AuditView, signal: AbortSignal) => Promise<void>;
  readonly onEvent?: (event: AuditorEvent) => void;
  readonly pace?: Partial<AuditPace>;
}

/** How often things are looked at, in milliseconds. */
export interface AuditPace {
  readonly tickMs: number;
  /** Between two looks at what runs. */
  readonly refreshMs: number;
  /** So long answers may wait to be written. */
  readonly flushMs: number;
  /** So long a replica that has come waits for the others to notice. */
  readonly handoverMs: number;
  readonly publishMs: number;
  readonly forecastMs: number;
  /** An image that nobody uses any more is forgotten after so long. */
  readonly forgetMs: number;
}

const usualPace: AuditPace = {
  tickMs: 1_000,
  refreshMs: 10_000,
  flushMs: 20_000,
  handoverMs: 12_000,
  publishMs: 15_000,
  forecastMs: 12 * 3_600_000,
  forgetMs: 24 * 3_600_000,
};

/** The auditor while it runs. */
export interface Auditor {
  readonly view: AuditView;
  /** Writes down what is not written yet. Never rejects. */
  stop(): Promise<void>;
}

interface Owned {
  readonly state: RegistryState;
  readonly stopping: AbortController;
  notBeforeMs: number;
  /** Until then nothing is due; 0: not looked at. */
  nextMs: number;
  savedMs: number;
  running?: Promise<void>;
  adopted: boolean;
}

/**
 * Follows what runs and asks every distinct question about it, over and over: each registry is one replica's, whose budget for it
 * is therefore one. Starts at once, never rejects and never throws.
 */
export function startAuditor(deps: AuditorDeps): Auditor {
  const auditor = new RunningAuditor(deps);
  const done = auditor.run();
  return {
    view: auditor.view,
    stop: async () => {
      auditor.end();
      await done;
    },
  };
}

class RunningAuditor {
  readonly #deps: AuditorDeps;
  readonly #pace: AuditPace;
  readonly #rounds: Rounds;
  readonly #owned = new Map<string, Owned>();
  readonly #stopping = new AbortController();
  #subjects: readonly AuditSubject[] = [];
  #wanted: ReadonlyMap<string, WantedImages> = new Map();
  #seenVersion = -1;
  #refreshedMs = Number.NEGATIVE_INFINITY;
  #members: readonly string[] | undefined;
  #changed = true;
  #publishedMs = Number.NEGATIVE_INFINITY;
  #publishing: Promise<void> | undefined;
  #lastFault = "";
  readonly view: AuditView;

  constructor(deps: AuditorDeps) {
    this.#deps = deps;
    this.#pace = { ...usualPace, ...deps.pace };
    const onChanges: RoundDeps["onChanges"] = (changes, subjects) => {
      this.#changed = true;
      deps.onChanges(changes, subjects);
    };
    this.#rounds = new Rounds({ ...deps, onChanges });
    this.view = createAuditView({
      ...deps,
      subjects: () => this.#subjects,
      own: (registry) => this.#owned.get(registry)?.state,
      members: () => this.#members ?? [],
    });
  }

  async run(): Promise<void> {
    const { clock } = this.#deps;
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#tick();
        await clock.sleep(this.#pace.tickMs, this.#stopping.signal);
      } catch (error) {
        if (this.#stopping.signal.aborted) break;
        this.#fault(error);
        await clock.sleep(this.#pace.tickMs, this.#stopping.signal).catch(() => undefined);
      }
    }
    await this.#leave([...this.#owned.keys()]);
    await this.#publishing;
  }

  end(): void {
    this.#stopping.abort(new Error("stopped"));
  }

  async #tick(): Promise<void> {
    const { isReady, store, clock } = this.#deps;
    if (!isReady() || store.chunks() === undefined) return;
    await this.#refresh();
    await this.#settle();
    const nowMs = clock.nowMs();
    for (const [registry, owned] of this.#owned) this.#begin(registry, owned, nowMs);
    this.#publishIfDue(nowMs);
  }

  async #refresh(): Promise<void> {
    const { inventory, clock } = this.#deps;
    const nowMs = clock.nowMs();
    if (inventory.version() === this.#seenVersion || nowMs - this.#refreshedMs < this.#pace.refreshMs) return;
    this.#seenVersion = inventory.version();
    this.#refreshedMs = nowMs;
    this.#subjects = await inventory.subjects(() => clock.sleep(0));
    const byRegistry = grouped(this.#subjects, ({ registry }) => registry);
    this.#wanted = new Map(
      [...byRegistry].map(([registry, subjects]) => [registry, grouped(subjects, ({ image }) => image)]),
    );
    for (const owned of this.#owned.values()) owned.nextMs = 0;
    this.#changed = true;
  }

  /** Takes on what has become this replica's, and leaves what has not. */
  async #settle(): Promise<void> {
    const { membership, store, clock } = this.#deps;
    const members = membership.members();
    const stored = (store.chunks() ?? []).map(({ chunk }) => chunk.registry);
    const registries = members === undefined ? [] : [...new Set([...this.#wanted.keys(), ...stored])];
    const mine = new Set(registries.filter((each) => ownerOf(each, members ?? []) === membership.self));
    const lost = [...this.#owned.keys()].filter((each) => !mine.has(each));
    if (lost.length > 0) await this.#leave(lost);
    const nowMs = clock.nowMs();
    for (const registry of mine) {
      if (this.#owned.has(registry)) continue;
      const others = (members ?? []).filter((member) => member !== membership.self);
      // Whoever had it until a moment ago and is alive may not have noticed yet.
      const before = this.#members === undefined ? ownerOf(registry, others) : ownerOf(registry, this.#members);
      const isHandedOver = before !== undefined && others.includes(before);
      const notBeforeMs = isHandedOver ? nowMs + this.#pace.handoverMs : nowMs;
      const state = new RegistryState(registry);
      const stopping = new AbortController();
      this.#owned.set(registry, { state, stopping, notBeforeMs, nextMs: 0, savedMs: nowMs, adopted: false });
    }
    if (JSON.stringify(members) !== JSON.stringify(this.#members)) {
      this.#deps.onEvent?.({ kind: "owned", registries: mine.size, members: members?.length ?? 0 });
    }
    this.#members = members;
  }

  #begin(registry: string, owned: Owned, nowMs: number): void {
    if (owned.running !== undefined || nowMs < owned.notBeforeMs) return;
    owned.running = this.#work(registry, owned)
      .catch((error: unknown) => {
        if (!owned.stopping.signal.aborted) this.#fault(error);
      })
      .finally(() => {
        delete owned.running;
      });
  }

  async #work(registry: string, owned: Owned): Promise<void> {
    const { store, budgets, clock } = this.#deps;
    const { state, stopping } = owned;
    const { signal } = stopping;
    const nowMs = clock.nowMs();
    if (!owned.adopted) {
      state.adopt(store.chunks() ?? [], budgets, nowMs);
      owned.adopted = true;
    }
    const wanted: WantedImages = this.#wanted.get(registry) ?? new Map();
    if (owned.nextMs <= nowMs) {
      const asked = await this.#rounds.run(state, wanted, signal);
      owned.nextMs = asked > 0 ? 0 : this.#rounds.nextMs(state, wanted);
      if (asked > 0) owned.savedMs = nowMs;
      this.#forget(state, wanted);
    }
    await this.#look(owned, wanted, signal);
    if (!state.isDirty || clock.nowMs() - owned.savedMs < this.#pace.flushMs) return;
    owned.savedMs = clock.nowMs();
    await this.#save(state, signal);
  }

  async #save(state: RegistryState, signal: AbortSignal): Promise<void> {
    const { store, budgets, clock } = this.#deps;
    if (!(await state.save(store, budgets, clock.nowMs(), signal))) {
      state.adopt(store.chunks() ?? [], budgets, clock.nowMs());
    }
  }

  async #look({ state }: Owned, wanted: WantedImages, signal: AbortSignal): Promise<void> {
    const { forecast, clock } = this.#deps;
    const nowMs = clock.nowMs();
    if (forecast === undefined || wanted.size === 0 || nowMs - state.forecastMs < this.#pace.forecastMs) return;
    const forecasts = await forecast([...wanted.values()].flat(), signal);
    if (signal.aborted) return;
    if (JSON.stringify(forecasts) !== JSON.stringify(state.forecasts)) this.#changed = true;
    state.setForecasts(forecasts, nowMs);
  }

  #forget(state: RegistryState, wanted: WantedImages): void {
    const nowMs = this.#deps.clock.nowMs();
    for (const { image, askedMs } of [...state.images.values()]) {
      if (!wanted.has(image) && nowMs - askedMs > this.#pace.forgetMs) state.drop(image);
    }
  }

  /** What is under way is given up; what is known is written down for whoever comes next. */
  async #leave(registries: readonly string[]): Promise<void> {
    await Promise.all(
      registries.map(async (registry) => {
        const owned = this.#owned.get(registry);
        if (owned === undefined) return;
        owned.stopping.abort(new Error("handed over"));
        await owned.running;
        this.#owned.delete(registry);
        if (!owned.state.isDirty || this.#deps.membership.members() === undefined) return;
        const patience = new AbortController();
        this.#deps.clock.sleep(leaveMs, patience.signal).then(
          () => patience.abort(new Error("too late")),
          () => undefined,
        );
        await this.#save(owned.state, patience.signal).catch((error: unknown) => this.#fault(error));
        patience.abort();
      }),
    );
  }

  #publishIfDue(nowMs: number): void {
    if (this.#publishing !== undefined || nowMs - this.#publishedMs < this.#publishPauseMs()) return;
    if (!this.#changed && !this.view.hasChanged()) return;
    this.#changed = false;
    this.#publishedMs = nowMs;
    this.#publishing = this.#deps
      .publish(this.view, this.#stopping.signal)
      .catch((error: unknown) => this.#fault(error))
      .finally(() => {
        this.#publishing = undefined;
      });
  }

  /** To make a report of a hundred thousand Pods takes its time, in which nobody else gets on. */
  #publishPauseMs(): number {
    return Math.max(this.#pace.publishMs, 100 * this.view.reportMs());
  }

  #fault(error: unknown): void {
    const reason = error instanceof Error ? error.message : "unknown";
    if (reason === this.#lastFault || this.#stopping.signal.aborted) return;
    this.#lastFault = reason;
    this.#deps.onEvent?.({ kind: "fault", reason });
  }
}

const leaveMs = 5_000;
