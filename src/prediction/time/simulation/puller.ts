import type { PullRules } from "../pull-rules.js";
import { TokenBucket } from "../token-bucket.js";
import type { SimulatedRuntime } from "./runtime.js";
import type { SimulatedImage, SimulatedPull } from "./types.js";

export interface PullRequest {
  readonly pod: number;
  readonly image: SimulatedImage;
  readonly askedMs: number;
  /** Told once, when the pull is over. */
  readonly onEnd: (pull: SimulatedPull) => void;
}

/**
 * The kubelet's puller: requests wait in the order of asking for one place (serialized), some places, or none at all; who
 * has a place asks the limit on pulls and is refused at once where no token is left. The kubelet's queue holds ten; later
 * ones wait in front of it in their order, so that its length changes nothing.
 * Source: Kubernetes pkg/kubelet/images/puller.go, helpers.go `throttledImageService`, 1.36.
 */
export class Puller {
  readonly #rules: PullRules;
  readonly #runtime: SimulatedRuntime;
  readonly #bucket: TokenBucket;
  readonly #onOver: (tell: () => void, image: string | undefined) => void;
  readonly #waiting: PullRequest[] = [];
  #running = 0;

  /** @param onOver  told of each pull that the runtime has ended: `tell` passes the word on, `image` is there now */
  constructor(rules: PullRules, runtime: SimulatedRuntime, onOver: (tell: () => void, image?: string) => void) {
    this.#rules = rules;
    this.#runtime = runtime;
    this.#onOver = onOver;
    this.#bucket = new TokenBucket(rules.qps, rules.burst);
  }

  ask(request: PullRequest): void {
    this.#waiting.push(request);
  }

  /** Gives free places to those that wait. Who is refused is told at once and may ask for its next image. */
  serve(nowMs: number): void {
    const places = this.#rules.serialized ? 1 : this.#rules.maxParallel;
    while (this.#running < places) {
      const request = this.#waiting.shift();
      if (request === undefined) return;
      const { pod, image, askedMs, onEnd } = request;
      const pull = { pod, image: image.name, askedMs, startedMs: nowMs };
      if (!this.#bucket.tryAccept(nowMs)) {
        onEnd({ ...pull, endedMs: nowMs, outcome: "throttled" });
        continue;
      }
      this.#running += 1;
      this.#runtime.pull(image, nowMs, (pulled, endedMs) => {
        this.#running -= 1;
        const over = { ...pull, endedMs, outcome: pulled ? "pulled" : "failed" } as const;
        this.#onOver(() => onEnd(over), pulled ? image.name : undefined);
      });
    }
  }
}
