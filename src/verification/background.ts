import type { Clock } from "../core/index.js";
import type { AskedNode, Predictor, PullOutcome, PullQuestion } from "../prediction/index.js";
import type { RegistryClient } from "../registry/index.js";
import { layerQuestions, withVerdicts } from "./image-verification.js";
import type { LayerQuestion, LayerVerdict, LayerVerifier } from "./layer-verifier.js";

export interface BackgroundDeps {
  readonly predictor: Predictor;
  readonly client: Pick<RegistryClient, "session">;
  readonly verifier: LayerVerifier;
  readonly clock: Clock;
  /** Layers that may wait; what comes when that many do is left for another time. */
  readonly maxQueued: number;
  /** Layers that are read at a time. */
  readonly atATime: number;
  /** A layer that takes longer is given up. */
  readonly layerTimeoutMs: number;
  readonly onResult?: (result: LayerVerdict["kind"] | "dropped") => void;
}

/** A predictor that learns about whole layers after it has answered. */
export interface BackgroundVerifier {
  readonly predictor: Predictor;
  /** Resolves when nothing waits and nothing is being read. */
  idle(): Promise<void>;
  stop(): void;
}

/**
 * Answers as the predictor behind it, at once, and has the layers of what can be pulled read afterwards: the next answer
 * for the same hosts and identity knows what was found. Nobody waits for a layer.
 */
export function createBackgroundVerifier(deps: BackgroundDeps): BackgroundVerifier {
  const queue = createQueue(deps);
  const review = (outcome: PullOutcome, question: PullQuestion, node: AskedNode): PullOutcome => {
    if (outcome.kind !== "pulled" || outcome.attempt.image === undefined) return outcome;
    const known: { question: LayerQuestion; verdict: LayerVerdict }[] = [];
    for (const layer of layerQuestions(deps.client, outcome, question, node)) {
      const verdict = deps.verifier.recall(layer);
      if (verdict === undefined) queue.add(layer);
      else known.push({ question: layer, verdict });
    }
    return withVerdicts(outcome, known);
  };
  return {
    predictor: {
      ...(deps.predictor.isUnderWay === undefined ? {} : { isUnderWay: deps.predictor.isUnderWay }),
      recall(question, node) {
        const outcome = deps.predictor.recall(question, node);
        return outcome === undefined ? undefined : review(outcome, question, node);
      },
      async predict(question, node, signal) {
        return review(await deps.predictor.predict(question, node, signal), question, node);
      },
    },
    idle: queue.idle,
    stop: queue.stop,
  };
}

function createQueue({ verifier, clock, maxQueued, atATime, layerTimeoutMs, onResult }: BackgroundDeps) {
  const waiting = new Map<string, LayerQuestion>();
  const reading = new Set<string>();
  const stop = new AbortController();
  let whenIdle: (() => void)[] = [];

  async function read(key: string, question: LayerQuestion): Promise<void> {
    const limit = new AbortController();
    const over = new AbortController();
    clock.sleep(layerTimeoutMs, over.signal).then(
      () => limit.abort(),
      () => undefined,
    );
    try {
      const verdict = await verifier.verify(question, AbortSignal.any([stop.signal, limit.signal]));
      onResult?.(verdict.kind);
    } finally {
      over.abort();
      reading.delete(key);
      next();
    }
  }

  function next(): void {
    for (const [key, question] of waiting) {
      if (reading.size >= atATime || stop.signal.aborted) break;
      waiting.delete(key);
      reading.add(key);
      // Verifying never rejects; a fault of ours must not end the process all the same.
      read(key, question).catch(() => onResult?.("unread"));
    }
    if (reading.size > 0 || (waiting.size > 0 && !stop.signal.aborted)) return;
    for (const resolve of whenIdle) resolve();
    whenIdle = [];
  }

  return {
    add(question: LayerQuestion): void {
      const key = `${question.scope}\n${question.digest}`;
      if (waiting.has(key) || reading.has(key) || stop.signal.aborted) return;
      if (waiting.size >= maxQueued) {
        onResult?.("dropped");
        return;
      }
      waiting.set(key, question);
      next();
    },
    idle: (): Promise<void> =>
      new Promise((resolve) => {
        whenIdle.push(resolve);
        next();
      }),
    stop(): void {
      stop.abort();
      waiting.clear();
    },
  };
}
