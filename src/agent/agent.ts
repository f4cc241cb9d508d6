import type { Clock } from "../core/index.js";
import type { WellKnownRoots } from "../node/index.js";
import { readProfile } from "./profile.js";
import { type TrackedTree, trackTree } from "./tracked-tree.js";
import type { AgentNode, HostView, NamedProfile, ProfilePublisher } from "./types.js";

/** What the agent did, for a log. */
export type AgentEvent =
  | { readonly kind: "published"; readonly profile: NamedProfile }
  | { readonly kind: "confirmed"; readonly profile: string }
  | { readonly kind: "fault"; readonly error: unknown; readonly retryMs: number };

export interface AgentDeps {
  readonly clock: Clock;
  readonly publisher: ProfilePublisher;
  readonly nodeName: string;
  /** Opens the node's file system; may throw, and is then tried again. */
  readonly openHost: () => HostView;
  readonly wellKnown: WellKnownRoots;
  /** How often the files are looked at. */
  readonly intervalMs: number;
  /** How often the profile is confirmed; it counts as current for {@link validBeats} times as long. */
  readonly heartbeatMs: number;
  readonly onEvent?: (event: AgentEvent) => void;
  /** From 0 to 1; Math.random unless told otherwise. */
  readonly random?: () => number;
}

/** So many heartbeats may be missed before what was published counts as old. */
const validBeats = 5;
/** The Node object is read again after so many heartbeats: a runtime may have been upgraded. */
const nodeBeats = 10;
const maxRetryMs = 30_000;

/**
 * Publishes the profile of one node and keeps it true until `signal` aborts. Faults are told and tried again after a
 * growing, jittered wait; nothing ends the agent but the signal. Never rejects.
 */
export async function runAgent(deps: AgentDeps, signal: AbortSignal): Promise<void> {
  const agent = new Agent(deps);
  let failures = 0;
  while (!signal.aborted) {
    let waitMs = deps.intervalMs;
    try {
      await agent.step(signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      const growingMs = Math.min(maxRetryMs, Math.max(1000, deps.intervalMs) * 2 ** failures);
      waitMs = Math.round(growingMs * (0.5 + (deps.random ?? Math.random)() / 2));
      failures = Math.min(failures + 1, 10);
      agent.forgetNode();
      deps.onEvent?.({ kind: "fault", error, retryMs: waitMs });
    }
    try {
      await deps.clock.sleep(waitMs, signal);
    } catch {
      return;
    }
  }
}

interface Published {
  readonly profile: NamedProfile;
  readonly files: TrackedTree;
}

class Agent {
  readonly #deps: AgentDeps;
  #node: { readonly value: AgentNode; readonly untilMs: number } | undefined;
  #published: Published | undefined;
  /** Profile that the node is still named in, and that is to be left. */
  #former: string | undefined;
  #confirmedMs = Number.NEGATIVE_INFINITY;
  #isTidy = false;

  constructor(deps: AgentDeps) {
    this.#deps = deps;
  }

  forgetNode(): void {
    this.#node = undefined;
  }

  async step(signal: AbortSignal): Promise<void> {
    const { clock, heartbeatMs, publisher } = this.#deps;
    const node = await this.#ownNode(signal);
    const isDue = clock.nowMs() - this.#confirmedMs >= heartbeatMs;
    const before = this.#published;
    const current = this.#current(node);
    const isNew = current.profile.name !== before?.profile.name;
    if (isNew || (isDue && !(await publisher.isIntact(current.profile, signal)))) {
      await publisher.publish(current.profile, node, signal);
      this.#former ??= before?.profile.name ?? (await publisher.confirmed(node, signal));
      this.#published = current;
      this.#deps.onEvent?.({ kind: "published", profile: current.profile });
    } else this.#published = current;
    if (isNew || isDue) await this.#confirm(current.profile.name, node, signal);
    if (this.#former !== undefined && this.#former !== current.profile.name) {
      await publisher.leave(this.#former, node, signal);
    }
    this.#former = undefined;
    if (!this.#isTidy) {
      await publisher.tidy(signal);
      this.#isTidy = true;
    }
  }

  async #ownNode(signal: AbortSignal): Promise<AgentNode> {
    const { clock, publisher, nodeName, heartbeatMs } = this.#deps;
    const nowMs = clock.nowMs();
    if (this.#node === undefined || nowMs >= this.#node.untilMs) {
      const value = await publisher.node(nodeName, signal);
      // Whatever was upgraded changes the profile.
      if (JSON.stringify(value) !== JSON.stringify(this.#node?.value)) this.#published = undefined;
      this.#node = { value, untilMs: nowMs + nodeBeats * heartbeatMs };
    }
    return this.#node.value;
  }

  #current(node: AgentNode): Published {
    if (this.#published?.files.isUnchanged() === true) return this.#published;
    const files = trackTree(this.#deps.openHost());
    return { files, profile: readProfile(node, files.tree, this.#deps.wellKnown) };
  }

  async #confirm(profile: string, node: AgentNode, signal: AbortSignal): Promise<void> {
    const { clock, publisher, heartbeatMs, onEvent } = this.#deps;
    const validSeconds = Math.ceil((validBeats * heartbeatMs) / 1000);
    await publisher.confirm(profile, node, validSeconds, signal);
    this.#confirmedMs = clock.nowMs();
    onEvent?.({ kind: "confirmed", profile });
  }
}
