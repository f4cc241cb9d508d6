import { LRUCache } from "lru-cache";
import type { Clock } from "../core/index.js";
import type { PullSecretSelection } from "../credentials/index.js";
import type { DiagnosisContext, Judgement } from "../findings/index.js";
import { judgeDoubted, judgeFailed, judgeMalformedSecret, judgePlan, judgePulled } from "../findings/index.js";
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
import type { DistinctImage, Workload } from "../workload/index.js";
import { noSecretsRead, type PodSecretsReader, type SecretsDeps, secretsView } from "./pod-secrets.js";
import { checkPresence } from "./presence-check.js";

/** How long a node's registry files are believed; a changed hosts.toml shows within this time. */
const hostPlanTtlMs = 2000;
/** Planned images that are remembered for that time, one a spelling. */
const maxPlans = 5000;

export interface ProfileCheckDeps extends Pick<SecretsDeps, "missingSecretsMayAppear"> {
  readonly clock: Clock;
  readonly predictor: Predictor;
}

interface PresenceDeps {
  readonly presence: PresenceIndex;
}

/** One image of one workload, with the means to read the workload's Secrets when they are needed. */
export interface ImageQuestion {
  readonly workload: Workload;
  readonly image: DistinctImage;
  readonly secrets: PodSecretsReader;
  /** Where the workload's Pods may land; at least one group. */
  readonly candidates: readonly NodeCandidates[];
}

/** Judges images for the nodes of one profile. */
export interface ProfileCheck {
  readonly profile: NodeProfile;
  /** What would be asked of whom; asks nobody. */
  plan(image: DistinctImage): PullPlan;
  /** @param planned what `plan` gave, and the nodes it is for */
  judge(
    question: ImageQuestion,
    planned: Pick<PlannedCheck, "plan" | "nodes">,
    signal: AbortSignal,
  ): Judgement | Promise<Judgement>;
}

/** The check of a profile, the same one for as long as the profile is. */
export type ProfileChecks = (profile: NodeProfile) => ProfileCheck;

/** What a profile would ask for one image. */
interface PlannedCheck {
  readonly check: ProfileCheck;
  readonly plan: PullPlan;
  readonly where: string;
  /** Absent: nobody listed them. */
  readonly nodes: readonly NodeState[] | undefined;
}

/**
 * The profiles worth asking for one image. Where the runtime is only assumed, profiles that would ask the same hosts
 * give the same answer but for rare contents, so the newest of them speaks for all: no registry is asked twice.
 */
export function distinctPlans(
  checks: ProfileChecks,
  { candidates, image }: Pick<ImageQuestion, "candidates" | "image">,
): readonly PlannedCheck[] {
  const planned = candidates.map(({ profile, where, nodes }) => {
    const check = checks(profile);
    return { check, plan: check.plan(image), where, nodes };
  });
  if (planned.length === 1) return planned;
  const byQuestion = new Map<string, PlannedCheck>();
  for (const entry of planned) {
    const { profile } = entry.check;
    const own = profile.runtimeIsAssumed === true ? "" : profile.name;
    byQuestion.set(`${own} ${questionOf(entry.plan)}`, entry);
  }
  return [...byQuestion.values()];
}

/** Two plans with equal text ask the same hosts in the same way; what versions merely know of in addition is left out. */
function questionOf(plan: PullPlan): string {
  if (plan.kind !== "pull") return plan.kind;
  const hosts = plan.hosts.map(({ capabilities, headersOnTokenRequests, httpFallback, ...host }) => ({
    ...host,
    // With a written port there is no other port to fall back to.
    httpFallback: httpFallback !== "never" && /:\d+$/.test(host.address) ? "plain-http" : httpFallback,
    canPull: capabilities.includes("pull"),
    canResolve: capabilities.includes("resolve"),
    headersOnTokenRequests: headersOnTokenRequests && Object.keys(host.headers).length > 0,
  }));
  return JSON.stringify(hosts);
}

export function createProfileChecks(deps: ProfileCheckDeps): ProfileChecks {
  const known = new WeakMap<NodeProfile, ProfileCheck>();
  const presence = createPresenceIndex();
  return (profile) => {
    const before = known.get(profile);
    if (before !== undefined) return before;
    const made = createProfileCheck({ ...deps, presence }, profile);
    known.set(profile, made);
    return made;
  };
}

function createProfileCheck(deps: ProfileCheckDeps & PresenceDeps, profile: NodeProfile): ProfileCheck {
  const dialect = dialectFor(profile);
  const hostsFor = cachedHostPlans(profile, deps.clock, hostPlanTtlMs);
  const plans = new LRUCache<string, PullPlan>({
    max: maxPlans,
    ttl: hostPlanTtlMs,
    ttlResolution: 0,
    perf: { now: () => deps.clock.nowMs() },
  });
  const plan = ({ image, pullPolicy }: DistinctImage): PullPlan => {
    const key = `${pullPolicy} ${image}`;
    const known = plans.get(key);
    if (known !== undefined) return known;
    const made = planPull({ image, pullPolicy, runtimeGrammar: dialect.grammar, hostsFor });
    plans.set(key, made);
    return made;
  };
  return { profile, plan, judge };

  /** A promise only where something must be waited for: a Secret to be read, a registry to answer. */
  function judge(
    question: ImageQuestion,
    { plan, nodes }: Pick<PlannedCheck, "plan" | "nodes">,
    signal: AbortSignal,
  ): Judgement | Promise<Judgement> {
    const { pullPolicy } = question.image;
    const answer = checkPresence(deps.presence, { plan, pullPolicy, profile, nodes });
    if (answer.kind === "settled") return answer.judgement;
    const judged = judgePlanned(question, plan, signal);
    return judged instanceof Promise ? judged.then(answer.adapt) : answer.adapt(judged);
  }

  function judgePlanned(question: ImageQuestion, plan: PullPlan, signal: AbortSignal): Judgement | Promise<Judgement> {
    const { workload, image, secrets } = question;
    // Names, policies and broken files need no Secret; most workloads with such a fault are judged without reading one.
    if (plan.kind !== "pull") {
      const { namespace } = workload.identity;
      return judgePlan(image.image, plan, { namespace, profile, issues: [], secrets: noSecretsRead });
    }
    const selection = secrets();
    return selection instanceof Promise
      ? selection.then((read) => judgePull(workload, plan, read, signal))
      : judgePull(workload, plan, selection, signal);
  }

  function judgePull(
    workload: Workload,
    plan: Extract<PullPlan, { kind: "pull" }>,
    selection: PullSecretSelection,
    signal: AbortSignal,
  ): Judgement | Promise<Judgement> {
    const { reference, hosts } = plan;
    const repository = repositoryName(reference);
    const context = (): DiagnosisContext => ({
      reference,
      namespace: workload.identity.namespace,
      // A file that could not be read may hold just what the node needs.
      profile: plan.partial === true ? { ...profile, trust: "unknown" } : profile,
      issues: plan.issues,
      ...(plan.unseenHosts === true && { unseenHosts: true as const }),
      secrets: secretsView(selection, repository, deps.missingSecretsMayAppear),
    });
    if (selection.failing !== undefined) return judgeMalformedSecret(selection.failing, context());
    const conclude = (outcome: PullOutcome): Judgement => {
      const judged =
        outcome.kind === "pulled" ? judgePulled(outcome, reference, plan.issues) : judgeFailed(outcome, context());
      return plan.doubt === undefined ? judged : judgeDoubted(judged, plan.doubt);
    };
    const asked = { reference, credentials: credentialsFor(repository, selection), hosts };
    const node = { dialect, platform: platformOf(profile, workload) };
    const known = deps.predictor.recall(asked, node);
    return known === undefined ? deps.predictor.predict(asked, node, signal).then(conclude) : conclude(known);
  }

  /** The Pod's Secrets before the node's own; an anonymous pull where neither has an entry. */
  function credentialsFor(repository: string, selection: PullSecretSelection): PullQuestion["credentials"] {
    const own = selection.keyring.lookup(repository);
    const node = profile.credentials.kind === "known" ? profile.credentials.lookup(repository) : [];
    return own.length + node.length === 0 ? anonymous : [...own, ...node];
  }
}

const anonymous: PullQuestion["credentials"] = [undefined];

/** A nodeSelector says more about where the Pod lands than the profile does. */
function platformOf(profile: NodeProfile, workload: Workload): Platform | undefined {
  const architecture = workload.pod.nodeSelector["kubernetes.io/arch"];
  if (architecture === undefined) return profile.platform;
  const os = workload.pod.nodeSelector["kubernetes.io/os"] ?? "linux";
  return normalisePlatform({ os, architecture });
}
