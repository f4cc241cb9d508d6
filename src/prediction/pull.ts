import type { CredentialOrigin, RegistryCredential } from "../credentials/index.js";
import type { RegistryHost } from "../node/index.js";
import type { Platform } from "../oci/index.js";
import { isHeldBack, type RateLimits, type RegistryClient, type RegistrySession } from "../registry/index.js";
import type { ContentChecker } from "./content/content-check.js";
import { withContent } from "./content/pulled-content.js";
import type { ManifestMemory, PullDialect } from "./dialects/dialect.js";
import { withTagHints } from "./tag-hints.js";
import type { FailedAttempt, PullOutcome, PullQuestion } from "./types.js";

/** With what a question is put to the registries. */
export interface Pulling {
  readonly client: Pick<RegistryClient, "session">;
  readonly dialect: PullDialect;
  readonly platform: Platform | undefined;
  readonly rateLimits?: Pick<RateLimits, "isLow">;
  readonly manifestsFor: (credential: RegistryCredential | undefined) => ManifestMemory;
  /** Told of each host before it is asked. */
  readonly onHost: (address: string) => void;
  /** Told that the outcome rests on a question that Pullguard held back itself. */
  readonly onHeldBack?: () => void;
  /** Told of what is known as soon as a manifest was read, for those who cannot wait; undefined takes it back. */
  readonly onManifest: (outcome: Extract<PullOutcome, { kind: "pulled" }> | undefined) => void;
  /** Absent: blobs are not looked at. */
  readonly content?: {
    readonly checker: ContentChecker;
    readonly scopeOf: (credential: RegistryCredential | undefined) => string;
  };
}

/** The kubelet's loop: one whole pull for each credential, in order, until one succeeds. */
export async function pullWithCredentials(
  pulling: Pulling,
  question: PullQuestion,
  signal: AbortSignal,
): Promise<PullOutcome> {
  const { client, dialect, platform } = pulling;
  const { reference, hosts } = question;
  const attempts: FailedAttempt[] = [];
  for (const [credentialIndex, credential] of question.credentials.entries()) {
    const held: Held = {};
    const plain = watched(client.session(credential), pulling.onHost, held);
    const session = dialect.session?.(plain) ?? plain;
    const manifests = pulling.manifestsFor(credential);
    const identity = credential?.identity ?? "anonymous";
    const spares = ({ address }: RegistryHost): boolean => pulling.rateLimits?.isLow(address, identity) === true;
    let attempt = await dialect.attempt({ reference, hosts, platform, session, manifests, spares }, signal);
    if (attempt.kind === "pulled") {
      const outcome = { kind: "pulled", attempt, identity, credentialIndex } as const;
      pulling.onManifest(outcome);
      // Which mirror it came from is no part of the answer; whether its blobs were looked at is.
      delete held.why;
      if (pulling.content === undefined) return outcome;
      const { checker, scopeOf } = pulling.content;
      const rules = dialect.content;
      const blobHosts = rules.blobHosts === "every" ? hosts : [attempt.via];
      const place = {
        hosts: blobHosts,
        repository: reference.path,
        session,
        platform,
        rules,
        scope: scopeOf(credential),
      };
      attempt = await withContent(checker, attempt, place, signal);
      note(held, pulling);
      if (attempt.kind === "pulled") return { ...outcome, attempt };
      pulling.onManifest(undefined);
    }
    note(held, pulling);
    attempt = doubted(attempt, held);
    const explained = await withTagHints(attempt, reference, session, signal);
    attempts.push(withOrigin(explained, credential?.origin));
    if (attempt.kind === "unfinished") break;
  }
  return { kind: "failed", attempts };
}

/** Why a question of this attempt was not put to a registry. */
interface Held {
  why?: string;
}

function note({ why }: Held, { onHeldBack }: Pulling): void {
  if (why !== undefined) onHeldBack?.();
}

/** A node asks all the same: what Pullguard did not ask, it may be told. */
function doubted(attempt: FailedAttempt, { why }: Held): FailedAttempt {
  if (why === undefined || (attempt.kind !== "failed" && attempt.kind !== "content")) return attempt;
  const isShown = attempt.kind === "failed" && attempt.shown.reason.kind === "fault";
  return { ...attempt, doubt: attempt.doubt ?? (isShown ? "so nothing is known of the image" : why) };
}

function withOrigin(attempt: FailedAttempt, origin: CredentialOrigin | undefined): FailedAttempt {
  if (origin === undefined || (attempt.kind !== "failed" && attempt.kind !== "content")) return attempt;
  return { ...attempt, credential: origin };
}

/** Remembers which host is being waited for, so that a deadline can name it, and whether one was not asked. */
function watched(session: RegistrySession, onHost: (address: string) => void, held: Held): RegistrySession {
  return {
    async exchange(request, signal) {
      onHost(request.host.address);
      const exchange = await session.exchange(request, signal);
      if (exchange.kind === "fault" && isHeldBack(exchange.fault)) held.why = exchange.fault.message;
      if (
        exchange.kind === "refused" &&
        exchange.refusal.kind === "token-fault" &&
        isHeldBack(exchange.refusal.fault)
      ) {
        held.why = exchange.refusal.fault.message;
      }
      return exchange;
    },
  };
}
