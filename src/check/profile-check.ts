import { LRUCache } from "lru-cache";
import type { Clock } from "../core/index.js";
import type { PullSecretSelection } from "../credentials/index.js";
import type { DiagnosisContext, Judgement } from "../findings/index.js";
import {
  doubtJudgement,
  judgeDoubted,
  judgeFailed,
  judgeMalformedSecret,
  judgeOverloaded,
  judgePlan,
  judgePulled,
} from "../findings/index.js";
import type { NodeCandidates, NodeProfile, NodeState } from "../node/index.js";
import { normalisePlatform, type Platform } from "../oci/index.js";
import {
  cachedHostPlans,
  createPresenceIndex,
  dialectFor,
  type Predictor,
  type PresenceIndex,
  type PullOutcome,
  type PullPlan,
  type PullQuestion,
  planPull,
} from "../prediction/index.js";
import { repositoryName } from "../reference/index.js";
import type { DistinctImage, PullPolicy, Workload } from "../workload/index.js";
import type { GateVisit } from "./gate.js";
import { planQuestions } from "./plan-questions.js";
import { noSecretsRead, type PodSecretsReader, type SecretsDeps, secretsView } from "./pod-secrets.js";
import { checkPresence } from "./presence-check.js";
import { withPlace } from "./with-place.js";

/** How long a node's registry files are believed; a changed hosts.toml shows within this time. */
const hostPlanTtlMs = 2000;
/** Characters of names whose plans are remembered for that time, one a spelling; whoever writes them chooses their length. */
const maxPlannedBytes = 512 * 1024;
const longestPlannedBytes = 2048;
/** About what a plan takes beside its name. */
const planBytes = 400;

export interface ProfileCheckDeps extends Pick<SecretsDeps, "missingSecretsMayAppear"> {
  readonly clock: Clock;
  readonly predictor: Predictor;
}

/** One image of one workload, with the means to read the workload's Secrets when they are needed. */
export interface ImageQuestion {
  readonly workload: Workload;
  readonly image: DistinctImage;
  readonly secrets: PodSecretsReader;
  /** Where the workload's Pods may land; at least one group. */
  readonly candidates: readonly NodeCandidates[];
  /** Where registries are asked only by those who have a place. */
  readonly visit?: GateVisit | undefined;
}

/** Judges images for the nodes of one profile. */
export interface ProfileCheck {
  readonly profile: NodeProfile;
  /** What would be asked of whom; asks nobody. */
  plan(image: DistinctImage): PullPlan;
  /** Equal texts: the same hosts would be asked in the same way. */
  questionOf(plan: PullPlan): string;
  judge(question: ImageQuestion, planned: PlannedImage, signal: AbortSignal): Judgement | Promise<Judgement>;
}

/** A plan, and the nodes it is for. */
export interface PlannedImage {
  readonly plan: PullPlan;
  /** Absent: nobody listed them. Of those that are there the platform is a fact. */
  readonly nodes: readonly NodeState[] | undefined;
}

/** The check of a profile, the same one for as long as the profile is. */
export type ProfileChecks = (profile: NodeProfile) => ProfileCheck;

export function createProfileChecks(deps: ProfileCheckDeps): ProfileChecks {
  const known = new WeakMap<NodeProfile, ProfileCheck>();
  const means = { questionOf: planQuestions(), presence: createPresenceIndex() };
  return (profile) => {
    const before = known.get(profile);
    if (before !== undefined) return before;
    const made = createProfileCheck(deps, profile, means);
    known.set(profile, made);
    return made;
  };
}

function createProfileCheck(
  deps: ProfileCheckDeps,
  profile: NodeProfile,
  { questionOf, presence }: Pick<ProfileCheck, "questionOf"> & { readonly presence: PresenceIndex },
): ProfileCheck {
  const dialect = dialectFor(profile);
  const hostsFor = cachedHostPlans(profile, deps.clock, hostPlanTtlMs);
  const memory = (): LRUCache<string, PullPlan> =>
    new LRUCache({
      maxSize: maxPlannedBytes,
      maxEntrySize: longestPlannedBytes,
      sizeCalculation: (_plan, name) => planBytes + name.length,
      ttl: hostPlanTtlMs,
      ttlResolution: 0,
      perf: { now: () => deps.clock.nowMs() },
    });
  const plans: Readonly<Record<PullPolicy, LRUCache<string, PullPlan>>> = {
    Always: memory(),
    IfNotPresent: memory(),
    Never: memory(),
  };
  const plan = ({ image, pullPolicy }: DistinctImage): PullPlan => {
    const known = plans[pullPolicy].get(image);
    if (known !== undefined) return known;
    const made = planPull({ image, pullPolicy, runtimeGrammar: dialect.grammar, hostsFor });
    plans[pullPolicy].set(image, made);
    return made;
  };
  return { profile, plan, questionOf, judge };

  /** A promise only where something must be waited for: a Secret to be read, a registry to answer. */
  function judge(question: ImageQuestion, planned: PlannedImage, signal: AbortSignal): Judgement | Promise<Judgement> {
    const { pullPolicy } = question.image;
    const answer = checkPresence(presence, { ...planned, pullPolicy, profile });
    if (answer.kind === "settled") return answer.judgement;
    const judged = judgePlanned(question, planned, signal);
    return judged instanceof Promise ? judged.then(answer.adapt) : answer.adapt(judged);
  }

  function judgePlanned(
    question: ImageQuestion,
    { plan, nodes }: PlannedImage,
    signal: AbortSignal,
  ): Judgement | Promise<Judgement> {
    const { workload, image, secrets, visit } = question;
    // Names, policies and broken files need no Secret; most workloads with such a fault are judged without reading one.
    if (plan.kind !== "pull") {
      const { namespace } = workload.identity;
      const judged = judgePlan(image.image, plan, { namespace, profile, issues: [], secrets: noSecretsRead });
      return doubtJudgement(judged, plan, profile);
    }
    const selection = secrets();
    const pull = {
      plan,
      namespace: workload.identity.namespace,
      platform: platformOf(profile, nodes !== undefined, workload),
      visit,
    };
    return selection instanceof Promise
      ? selection.then((read) => judgePull(pull, read, signal))
      : judgePull(pull, selection, signal);
  }

  function judgePull(
    { plan, namespace, platform, visit }: PlannedPull,
    selection: PullSecretSelection,
    signal: AbortSignal,
  ): Judgement | Promise<Judgement> {
    const { reference, hosts } = plan;
    const repository = repositoryName(reference);
    const context = (): DiagnosisContext => ({
      reference,
      namespace,
      // A file that could not be read may hold just what the node needs.
      profile: plan.partial === true ? { ...profile, trust: "unknown" } : profile,
      issues: plan.issues,
      ...(plan.unseenHosts === true && { unseenHosts: true as const }),
      secrets: secretsView(selection, repository, deps.missingSecretsMayAppear),
    });
    if (selection.failing !== undefined) return judgeMalformedSecret(selection.failing, context());
    const conclude = (outcome: PullOutcome): Judgement => {
      const judged =
        outcome.kind === "pulled"
          ? judgePulled(outcome, reference, plan.issues)
          : doubtJudgement(judgeFailed(outcome, context()), plan, profile);
      return plan.doubt === undefined ? judged : judgeDoubted(judged, plan.doubt);
    };
    const asked = { reference, credentials: credentialsFor(repository, selection), hosts };
    const node = { dialect, platform };
    const known = deps.predictor.recall(asked, node);
    if (known !== undefined) return conclude(known);
    // Who only waits for what is asked already takes no place of its own.
    if (visit === undefined || deps.predictor.isUnderWay?.(asked, node) === true) {
      return deps.predictor.predict(asked, node, signal).then(conclude);
    }
    const predict = (): Promise<PullOutcome> => deps.predictor.predict(asked, node, signal);
    return withPlace(visit, reference.domain, predict, signal).then((outcome) =>
      outcome === undefined ? judgeOverloaded(reference) : conclude(outcome),
    );
  }

  /** The Pod's Secrets before the node's own; an anonymous pull where neither has an entry. */
  function credentialsFor(repository: string, selection: PullSecretSelection): PullQuestion["credentials"] {
    const own = selection.keyring.lookup(repository);
    const node = profile.credentials.kind === "known" ? profile.credentials.lookup(repository) : [];
    return own.length + node.length === 0 ? anonymous : [...own, ...node];
  }
}

interface PlannedPull {
  readonly plan: Extract<PullPlan, { kind: "pull" }>;
  readonly namespace: string;
  readonly platform: Platform | undefined;
  readonly visit: GateVisit | undefined;
}

const anonymous: PullQuestion["credentials"] = [undefined];

/** Of nodes that are there the platform is known; of others a nodeSelector says more than the profile does. */
function platformOf(profile: NodeProfile, areListed: boolean, workload: Workload): Platform | undefined {
  const architecture = workload.pod.nodeSelector["kubernetes.io/arch"];
  if (architecture === undefined || (areListed && profile.platform !== undefined)) return profile.platform;
  const os = workload.pod.nodeSelector["kubernetes.io/os"] ?? "linux";
  return normalisePlatform({ os, architecture });
}
