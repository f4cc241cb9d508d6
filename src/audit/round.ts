import type { Clock } from "../core/index.js";
import type { WorkloadIdentity } from "../workload/index.js";
import { type AskEngine, askAbout, type ImageAnswers } from "./ask.js";
import type { Budgets } from "./budget.js";
import { grouped } from "./grouped.js";
import type { AuditStore, RegistryState } from "./registry-state.js";
import { type AuditTimes, dueNow, dueOf } from "./schedule.js";
import { type AuditChange, answered, asked } from "./state.js";
import type { AuditSubject } from "./types.js";

export interface RoundDeps {
  readonly clock: Clock;
  readonly ask: AskEngine;
  readonly store: AuditStore;
  readonly budgets: Budgets;
  readonly times: AuditTimes;
  /** Addresses that nodes ask for an image, in no order. */
  readonly hostsOf: (subject: AuditSubject) => readonly string[];
  /** Milliseconds for which a host is to be left alone, as others found out who ask it too; absent: nobody else does. */
  readonly pausedMs?: (host: string) => number;
  /** Hears what became of questions. Must not throw. */
  readonly onChanges: (changes: readonly AuditChange[], subjects: readonly AuditSubject[]) => void;
}

/** Images by name, each with everything that wants it. */
export type WantedImages = ReadonlyMap<string, readonly AuditSubject[]>;

const maxImages = 50;
const together = 4;
/** Requests for one image before anything is known: a token, a tag, a manifest, a config. */
const usualCost = 4;

/** Asks the images of one registry, as many as its budget has room for. */
export class Rounds {
  readonly #deps: RoundDeps;
  readonly #costs = new Map<string, number>();

  constructor(deps: RoundDeps) {
    this.#deps = deps;
  }

  /** Milliseconds of the clock when there is next anything to do; Infinity: never. */
  nextMs(state: RegistryState, wanted: WantedImages): number {
    const { times, budgets, clock } = this.#deps;
    const nowMs = clock.nowMs();
    const cost = this.#costOf(state);
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [image, subjects] of wanted) {
      const { dueMs } = dueOf(image, questionsOf(subjects), state.images.get(image), times);
      if (dueMs >= nextMs) continue;
      const [subject] = subjects;
      const hosts = subject === undefined ? [] : this.#deps.hostsOf(subject);
      const pauseMs = Math.max(0, ...hosts.map((host) => this.#deps.pausedMs?.(host) ?? 0));
      nextMs = Math.min(nextMs, Math.max(dueMs, nowMs + budgets.waitMs(hosts, cost, nowMs), nowMs + pauseMs));
    }
    return nextMs;
  }

  /**
   * One round. What is asked is written down before, so that whoever takes over does not ask it again.
   * @returns how many images were asked
   */
  async run(state: RegistryState, wanted: WantedImages, signal: AbortSignal): Promise<number> {
    const { clock, store, budgets } = this.#deps;
    const nowMs = clock.nowMs();
    const { images, planned } = this.#choose(state, wanted, nowMs);
    if (images.length === 0) return 0;
    for (const [host, requests] of planned) {
      state.hosts.add(host);
      budgets.reserve(host, requests);
    }
    try {
      for (const image of images) state.set(asked(image, state.registry, state.images.get(image), nowMs));
      if (!(await state.save(store, budgets, nowMs, signal))) {
        state.adopt(store.chunks() ?? [], budgets, clock.nowMs());
        return 0;
      }
      await this.#askAll(state, images, wanted, signal);
    } finally {
      for (const [host, requests] of planned) budgets.reserve(host, -requests);
    }
    return images.length;
  }

  async #askAll(
    state: RegistryState,
    images: readonly string[],
    wanted: WantedImages,
    signal: AbortSignal,
  ): Promise<void> {
    const { budgets } = this.#deps;
    const spentBefore = budgets.spent;
    const left = images.values();
    const worker = async (): Promise<void> => {
      for (const image of left) if (!signal.aborted) await this.#askOne(state, image, wanted.get(image) ?? [], signal);
    };
    await Promise.all(Array.from({ length: Math.min(together, images.length) }, worker));
    const cost = (budgets.spent - spentBefore) / images.length;
    this.#costs.set(state.registry, Math.max(1, (this.#costOf(state) + cost) / 2));
  }

  #choose(state: RegistryState, wanted: WantedImages, nowMs: number): Choice {
    const { times, budgets, hostsOf } = this.#deps;
    const due = dueNow(
      [...wanted].map(([image, subjects]) => dueOf(image, questionsOf(subjects), state.images.get(image), times)),
      nowMs,
    );
    const images: string[] = [];
    const planned = new Map<string, number>();
    const cost = this.#costOf(state);
    for (const { image } of due) {
      const [subject] = wanted.get(image) ?? [];
      if (subject === undefined) continue;
      const hosts = hostsOf(subject);
      const isAffordable = hosts.every((host) => {
        if ((this.#deps.pausedMs?.(host) ?? 0) > 0) return false;
        const used = planned.get(host) ?? 0;
        // A budget that is smaller than one image costs is overdrawn once and then waits for as long.
        const needed = used === 0 ? Math.min(cost, budgets.burstOf(host)) : cost;
        return budgets.open(host, nowMs) - used >= needed;
      });
      if (!isAffordable) continue;
      for (const host of hosts) planned.set(host, (planned.get(host) ?? 0) + cost);
      images.push(image);
      if (images.length === maxImages) break;
    }
    return { images, planned };
  }

  #costOf({ registry }: RegistryState): number {
    return this.#costs.get(registry) ?? usualCost;
  }

  #heed(subjects: readonly AuditSubject[], { answers }: ImageAnswers): void {
    if (![...answers.values()].some(({ cause }) => cause === "RegistryRateLimited")) return;
    const [subject] = subjects;
    for (const host of subject === undefined ? [] : this.#deps.hostsOf(subject)) {
      this.#deps.budgets.drain(host, heedMinutes, this.#deps.clock.nowMs());
    }
  }

  async #askOne(
    state: RegistryState,
    image: string,
    subjects: readonly AuditSubject[],
    signal: AbortSignal,
  ): Promise<void> {
    const answers = await askAbout(this.#deps.ask, subjects, signal);
    this.#heed(subjects, answers);
    const before = state.images.get(image);
    if (before === undefined || signal.aborted) return;
    const wanted = new Map<string, WorkloadIdentity[]>();
    for (const [question, own] of grouped(subjects, (subject) => subject.question)) {
      wanted.set(
        question,
        own.map(({ workload }) => workload),
      );
    }
    const { record, changes } = answered(before, answers, wanted, this.#deps.clock.nowMs());
    state.set(record);
    if (changes.length > 0) this.#deps.onChanges(changes, subjects);
  }
}

/** So long a registry that has had enough is left alone. */
const heedMinutes = 5;

interface Choice {
  readonly images: readonly string[];
  /** Requests that are likely to be sent, by host. */
  readonly planned: ReadonlyMap<string, number>;
}

function* questionsOf(subjects: readonly AuditSubject[]): Iterable<string> {
  for (const { question } of subjects) yield question;
}
