import { unreachable } from "../core/index.js";
import type { HostPlanDoubt, NodeConfigIssue } from "../node/index.js";
import type { FailedAttempt, HostFailure, PulledAttempt, PullOutcome, PullPlan } from "../prediction/index.js";
import { type ImageReference, normalisedReference } from "../reference/index.js";
import { diagnoseNotFound, diagnoseStatus } from "./absence.js";
import { diagnoseDenied, diagnoseRefusal } from "./access.js";
import { type CauseCode, causeEntry } from "./catalogue.js";
import type { KubeletReason } from "./cause-entry.js";
import { diagnoseContent } from "./content.js";
import { contentAdvisory } from "./content-advice.js";
import { blobLabel } from "./content-blobs.js";
import { type Diagnosis, type DiagnosisContext, diagnose } from "./diagnosis.js";
import { diagnoseName } from "./name.js";
import { diagnoseRefusedHosts } from "./refused-hosts.js";
import { recreateSecret, secretLabel } from "./secret-repair.js";
import { diagnoseFault } from "./transport.js";
import type { Advisory, Verdict } from "./types.js";
import { adviseNodeConfig, blameUnusedConfig, doubtUnseenHosts } from "./unused-config.js";

/** An image that can be pulled. `identity`: of the credential that led to it. */
export interface PulledImage {
  readonly reference: ImageReference;
  readonly attempt: PulledAttempt;
  readonly identity: string;
}

/** The answer for one image on nodes of one profile. */
export interface Judgement {
  readonly reference: string | null;
  readonly digest: string | null;
  readonly verdict: Verdict;
  readonly cause: CauseCode | null;
  readonly kubeletReason: KubeletReason | null;
  readonly message: string;
  readonly fix: string | null;
  readonly advisories?: readonly Advisory[];
  /** How it was pulled, for what is said beyond the verdict. */
  readonly pulled?: PulledImage;
  /** Listed nodes that hold the image already. */
  readonly heldBy?: readonly string[];
}

/** An image whose fate needs no registry: invalid names, `Never`, broken node files. */
export function judgePlan(
  image: string,
  plan: Exclude<PullPlan, { kind: "pull" }>,
  context: Omit<DiagnosisContext, "reference">,
): Judgement {
  switch (plan.kind) {
    case "no-pull":
      return {
        ...fromCause("PullPolicyNever"),
        reference: normalisedReference(plan.reference),
        verdict: "skipped",
      };
    case "invalid-name":
    case "name-depends":
      return judgement(diagnoseName(image, plan), null);
    case "hosts-broken": {
      const { origin, everyImage = false, message, fix } = plan.plan;
      const diagnosis = diagnose(
        everyImage ? "RuntimeConfigBroken" : "NodeTrustFileBroken",
        { ...context, reference: plan.reference },
        { message: `${placeLabel(origin)}: ${message}`, fix: fix ?? brokenFileFix(origin.file, everyImage) },
      );
      return judgement(diagnosis, normalisedReference(plan.reference));
    }
    case "hosts-refused":
      return judgement(diagnoseRefusedHosts(plan, context), normalisedReference(plan.reference));
    default:
      return unreachable(plan);
  }
}

/** A malformed Secret of the Pod: the kubelet cannot build its keyring and fails every pull. */
export function judgeMalformedSecret(
  secret: { readonly name: string; readonly message: string },
  context: DiagnosisContext,
): Judgement {
  const diagnosis = diagnose("PullSecretMalformed", context, {
    message: `${secretLabel(secret.name, context.namespace)} is malformed, which fails every pull of this Pod: ${secret.message}`,
    // Which registries it was for cannot be read from it any more.
    fix: recreateSecret(secret.name, context, "<registry>"),
  });
  return judgement(diagnosis, normalisedReference(context.reference));
}

/** The image can be pulled. */
export function judgePulled(
  { attempt, identity }: Extract<PullOutcome, { kind: "pulled" }>,
  reference: ImageReference,
  issues: readonly NodeConfigIssue[] = [],
): Judgement {
  const { digest, via, platforms, content } = attempt;
  const advisories = (content?.advices ?? []).map(contentAdvisory);
  const mirror = via.mirrorOf === undefined ? "" : ` from ${via.address}`;
  const offers =
    platforms === undefined || platforms.length === 0 ? "" : `; platforms: ${platforms.slice(0, 8).join(", ")}`;
  return {
    reference: normalisedReference(reference),
    digest,
    verdict: "pullable",
    cause: null,
    kubeletReason: null,
    message: `can be pulled${mirror}${offers}`,
    fix: null,
    ...advised(issues, null),
    pulled: { reference, attempt, identity },
    ...(advisories.length === 0 ? {} : { advisories }),
  };
}

/** What the registries' refusals mean for the image. */
export function judgeFailed(
  { attempts }: Extract<PullOutcome, { kind: "failed" }>,
  context: DiagnosisContext,
): Judgement {
  const diagnoses = attempts.map((attempt) => diagnoseAttempt(attempt, context));
  const digest = attempts.flatMap((attempt) =>
    attempt.kind === "content" && attempt.digest !== undefined ? [attempt.digest] : [],
  )[0];
  const told = doubtUnseenHosts(blameUnusedConfig(mostTelling(diagnoses), context), context);
  return {
    ...judgement(told, normalisedReference(context.reference)),
    digest: digest ?? null,
    ...advised(context.issues, told.cause),
  };
}

function advised(issues: readonly NodeConfigIssue[], cause: CauseCode | null): Pick<Judgement, "advisories"> {
  const advisories = adviseNodeConfig(issues, cause);
  return advisories.length === 0 ? {} : { advisories };
}

/** What the hosts answered, weighed with what their answer leaves open. */
export function judgeDoubted(judged: Judgement, doubt: HostPlanDoubt): Judgement {
  const why = `${placeLabel(doubt.origin)} on the nodes: ${doubt.message}`;
  if (judged.verdict === "pullable") {
    const cause = doubt.kind === "signature" ? "SignatureNotChecked" : "NodeConfigUnread";
    const { fix, kubeletReason } = causeEntry(cause);
    return { ...judged, verdict: "unknown", cause, kubeletReason, message: `${judged.message}, but ${why}`, fix };
  }
  if (doubt.kind === "signature" || judged.verdict !== "unpullable") return judged;
  return { ...judged, verdict: "unknown", message: `${judged.message}; ${why}` };
}

function placeLabel({ file, line }: HostPlanDoubt["origin"]): string {
  return line === undefined ? file : `${file}:${line}`;
}

/** The deadline came before this image's turn. */
export function judgeUnchecked(): Judgement {
  return { ...fromCause("DeadlineExceeded"), reference: null, verdict: "unknown" };
}

/** There was no room or no time left for this image. */
export function judgeOverloaded(reference: ImageReference): Judgement {
  return { ...fromCause("PullguardOverloaded"), reference: normalisedReference(reference), verdict: "unknown" };
}

/** Pullguard's own fault; never a denial. */
export function judgeOwnFault(): Judgement {
  return { ...fromCause("CheckFailed"), reference: null, verdict: "unknown" };
}

function diagnoseAttempt(attempt: FailedAttempt, context: DiagnosisContext): Diagnosis {
  switch (attempt.kind) {
    case "failed":
      return doubted(diagnoseHosts(attempt, context), attempt.doubt);
    case "content":
      return doubted(diagnoseContent(attempt.problem, attempt.via, context), attempt.doubt);
    case "unverified":
      return diagnose("LayersUnverified", context, {
        message: `${blobLabel(attempt.blob)} was not read to its end: ${attempt.reason}`,
      });
    case "no-hosts":
      return diagnose("NoResolveHost", context, {
        message: `the nodes' configuration leaves no host that may resolve ${context.reference.domain}`,
        fix: `Give a host in ${context.profile.hostsRoot}/${context.reference.domain}/hosts.toml capabilities = ["pull", "resolve"].`,
      });
    case "unfinished":
      return attempt.waitingFor === undefined
        ? diagnose("DeadlineExceeded", context, { message: "there was no time left to check this image" })
        : diagnose("RegistryTimeout", context, {
            message: `${attempt.waitingFor} had not answered when the time for the check was over`,
          });
    default:
      return unreachable(attempt);
  }
}

function doubted(diagnosis: Diagnosis, doubt: string | undefined): Diagnosis {
  return doubt === undefined ? diagnosis : { ...diagnosis, firm: false, message: `${diagnosis.message}; ${doubt}` };
}

/** The runtime shows one host's error; what is certain depends on all of them. */
function diagnoseHosts(attempt: Extract<FailedAttempt, { kind: "failed" }>, context: DiagnosisContext): Diagnosis {
  const shown = diagnoseHost(attempt.shown, attempt, context);
  const doubtful = attempt.failures
    .filter((failure) => failure !== attempt.shown)
    .map((failure) => ({ failure, diagnosis: diagnoseHost(failure, attempt, context) }))
    .find(({ diagnosis }) => !diagnosis.firm);
  if (doubtful === undefined || !shown.firm) return shown;
  return {
    ...shown,
    firm: false,
    message: `${shown.message}; ${doubtful.failure.host.address} may have it, but ${doubtful.diagnosis.message}`,
  };
}

function diagnoseHost(
  failure: HostFailure,
  attempt: Extract<FailedAttempt, { kind: "failed" }>,
  context: DiagnosisContext,
): Diagnosis {
  const { host, reason } = failure;
  const carried = host.kubeletCredentials === "withheld" ? undefined : attempt.credential;
  switch (reason.kind) {
    case "not-found":
      return diagnoseNotFound(host, attempt.hints, context);
    case "status":
      return reason.status === 401 || reason.status === 403
        ? diagnoseDenied(reason, host, carried, context)
        : diagnoseStatus(reason, host, context);
    case "fault":
      return diagnoseFault(reason.fault, host, context);
    case "refused":
      return diagnoseRefusal(reason.refusal, host, carried, context);
    case "manifest-too-large":
      return diagnose("ManifestTooLarge", context, {
        message: `${host.address} announces a manifest of ${reason.sizeBytes} bytes; the runtime accepts 4 MiB`,
      });
    default:
      return unreachable(reason);
  }
}

/**
 * Of several credentials' attempts: a doubtful one keeps the whole in doubt, and an answer about the image says more than
 * one about a credential.
 */
function mostTelling(diagnoses: readonly Diagnosis[]): Diagnosis {
  const doubtful = diagnoses.find(({ firm }) => !firm);
  const beyondAccess = diagnoses.find(({ cause }) => cause !== "CredentialsRejected");
  const chosen = doubtful ?? beyondAccess ?? diagnoses[0];
  if (chosen === undefined) throw new RangeError("a failed outcome has at least one attempt");
  return chosen;
}

function judgement(diagnosis: Diagnosis, reference: string | null): Judgement {
  return {
    reference,
    digest: null,
    verdict: diagnosis.firm ? "unpullable" : "unknown",
    cause: diagnosis.cause,
    kubeletReason: causeEntry(diagnosis.cause).kubeletReason,
    message: diagnosis.message,
    fix: diagnosis.fix,
  };
}

function fromCause(cause: CauseCode): Omit<Judgement, "reference" | "verdict"> {
  const { explanation, fix, kubeletReason } = causeEntry(cause);
  return { digest: null, cause, kubeletReason, message: explanation, fix };
}

function brokenFileFix(file: string, everyImage: boolean): string {
  return everyImage
    ? `Correct ${file} on every node and restart the runtime.`
    : `Put the file in place on every node, or remove it from ${file}.`;
}
