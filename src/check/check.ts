import { setMaxListeners } from "node:events";
import type { Clock } from "../core/index.js";
import type { Advisory, Finding, Judgement, Verdict } from "../findings/index.js";
import { judgeOwnFault, judgeUnchecked, mergeJudgements } from "../findings/index.js";
import type { NodeSource } from "../node/index.js";
import type { Predictor, PulledAttempt } from "../prediction/index.js";
import { type DistinctImage, distinctImages, type Workload } from "../workload/index.js";
import { mapConcurrently } from "./concurrently.js";
import { distinctPlans, type NodeUnions, type PlannedCheck } from "./distinct-plans.js";
import { createEstimateMemory } from "./estimate-memory.js";
import type { CheckGate, GateVisit } from "./gate.js";
import { podSecretsReader, type SecretsDeps, type SecretsMemory } from "./pod-secrets.js";
import { createProfileChecks, type ImageQuestion, type ProfileChecks } from "./profile-check.js";
import { type AdviceQuestion, advisePulls, type PullKnowledge } from "./pull-advice.js";
import type { Check, Report } from "./types.js";

/** Images of one request that are looked at together; the registries' own limits are in registry/. */
const maxConcurrentImages = 64;

export interface CheckDeps extends SecretsDeps {
  readonly clock: Clock;
  /** The nodes a Pod may land on. */
  readonly nodes: NodeSource;
  readonly predictor: Predictor;
  readonly observer?: CheckObserver;
  /** Bounds what asks registries at a time; absent: nothing does. */
  readonly gate?: CheckGate;
  /** What is known of time and budgets, for advice; absent: none is given. */
  readonly knowledge?: PullKnowledge;
  /** Told of every image that can be pulled, as often as it is asked for. */
  readonly onPulled?: (image: string, attempt: PulledAttempt) => void;
}

/** Told of everything worth counting; implemented by telemetry/. Must not throw. */
export interface CheckObserver {
  onFinding?(finding: Finding): void;
  /** How long a node takes to pull one workload's images, in milliseconds; Infinity: more than a day. */
  onPullEstimate?(pullMs: number): void;
  /** A fault of Pullguard's own that became `CheckFailed`; `uid`: of the review it happened to. */
  onFault(error: unknown, uid?: string): void;
}

interface CheckMemory {
  readonly unions: NodeUnions;
}

/** Builds the use case that webhook and CLI share. */
export function createCheck(given: CheckDeps): Check {
  const knowledge =
    given.knowledge === undefined ? {} : { knowledge: { estimates: createEstimateMemory(), ...given.knowledge } };
  const deps = { ...given, ...knowledge, interpreted: new WeakMap(), unions: new WeakMap() };
  const profileChecks = createProfileChecks(deps);
  return async ({ workloads, uid }, signal) => {
    // Every image of the request waits on this one signal; Node warns from eleven listeners on.
    if (workloads.some(({ pod }) => pod.images.length > 5) || workloads.length > 1) setMaxListeners(0, signal);
    const visit = deps.gate?.open();
    const findings = await mapConcurrently(workloads, maxConcurrentImages, (workload) =>
      checkWorkload(deps, profileChecks, { workload, uid, visit }, signal),
    );
    return report(findings.flat());
  };
}

interface WorkloadQuestion {
  readonly workload: Workload;
  readonly uid: string | undefined;
  readonly visit: GateVisit | undefined;
}

async function checkWorkload(
  deps: CheckDeps & SecretsMemory & CheckMemory,
  profileChecks: ProfileChecks,
  { workload, uid, visit }: WorkloadQuestion,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const secrets = podSecretsReader(deps, workload, signal);
  const candidates = deps.nodes.candidatesFor(workload.pod);
  const distinct = distinctImages(workload);
  const judged = await mapConcurrently(distinct, maxConcurrentImages, (image) =>
    judgeImage(deps, profileChecks, { workload, image, secrets, candidates, uid, visit }, signal),
  );
  const images = distinct.flatMap((image, index) => {
    const judgement = judged[index];
    return judgement === undefined ? [] : [{ image, judgement }];
  });
  const advice = advise(deps, { workload, candidates, images }, uid);
  return images.map(({ image, judgement }, index) => {
    const finding = findingOf(workload, image, judgement, advice.get(index) ?? []);
    deps.observer?.onFinding?.(finding);
    return finding;
  });
}

/** Advice never stands in the way of an answer. */
function advise(
  deps: CheckDeps,
  question: AdviceQuestion,
  uid: string | undefined,
): ReadonlyMap<number, readonly Advisory[]> {
  for (const { image, judgement } of question.images) {
    if (judgement.pulled !== undefined) deps.onPulled?.(image.image, judgement.pulled.attempt);
  }
  if (deps.knowledge === undefined) return new Map();
  try {
    return advisePulls(deps.knowledge, question, (pullMs) => deps.observer?.onPullEstimate?.(pullMs));
  } catch (error) {
    deps.observer?.onFault(error, uid);
    return new Map();
  }
}

function findingOf(
  workload: Workload,
  image: DistinctImage,
  judgement: Judgement,
  advice: readonly Advisory[],
): Finding {
  const { reference, digest, verdict, cause, kubeletReason, message, fix } = judgement;
  const advisories = [...(judgement.advisories ?? []), ...advice];
  return {
    image: image.image,
    reference,
    digest,
    verdict,
    cause,
    kubelet: { reason: kubeletReason },
    message,
    fix,
    ...(advisories.length === 0 ? {} : { advisories }),
    workload: workload.identity,
    fieldPaths: image.fieldPaths,
  };
}

/** A promise only where something must be waited for. */
function judgeImage(
  deps: CheckDeps & CheckMemory,
  profileChecks: ProfileChecks,
  question: ImageQuestion & { readonly uid: string | undefined },
  signal: AbortSignal,
): Judgement | Promise<Judgement> {
  // Thousands of images may be left when the deadline comes; even planning them would delay the answer.
  if (signal.aborted) return judgeUnchecked();
  const broken = (error: unknown): Judgement => {
    // Whatever broke, the workload must not pay for it.
    deps.observer?.onFault(error, question.uid);
    return judgeOwnFault();
  };
  try {
    const judged = judgePlans(distinctPlans(profileChecks, question, deps.unions), question, signal);
    return judged instanceof Promise ? judged.catch(broken) : judged;
  } catch (error) {
    return broken(error);
  }
}

function judgePlans(
  plans: readonly PlannedCheck[],
  question: ImageQuestion,
  signal: AbortSignal,
): Judgement | Promise<Judgement> {
  const [only] = plans;
  if (only !== undefined && plans.length === 1) return only.check.judge(question, only, signal);
  const judgements = plans.map(async (planned) => ({
    where: planned.where(),
    judgement: await planned.check.judge(question, planned, signal),
  }));
  return Promise.all(judgements).then(mergeJudgements);
}

function report(findings: readonly Finding[]): Report {
  const summary: Record<Verdict, number> = { pullable: 0, unpullable: 0, skipped: 0, unknown: 0 };
  for (const { verdict } of findings) summary[verdict] += 1;
  return { summary, findings };
}
