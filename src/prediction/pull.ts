import type { CredentialOrigin, RegistryCredential } from "../credentials/index.js";
import type { RegistryHost } from "../node/index.js";
import type { Platform } from "../oci/index.js";
import type { RateLimits, RegistryClient, RegistrySession } from "../registry/index.js";
import type { ContentChecker } from "./content/content-check.js";
import { withContent } from "./content/pulled-content.js";
import type { ManifestMemory, PullDialect } from "./dialects/dialect.js";
import { withTagHints } from "./tag-hints.js";
import type { FailedAttempt, PullOutcome, PullQuestion } from "./types.js";

/** With what a question is put to the registries. */
export interface Pulling {
  readonly client: RegistryClient;
  readonly dialect: PullDialect;
  readonly platform: Platform | undefined;
  readonly rateLimits?: Pick<RateLimits, "isLow">;
  readonly manifestsFor: (credential: RegistryCredential | undefined) => ManifestMemory;
  /** Told of each host before it is asked. */
  readonly onHost: (address: string) => void;
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
    const plain = watched(client.session(credential), pulling.onHost);
    const session = dialect.session?.(plain) ?? plain;
    const manifests = pulling.manifestsFor(credential);
    const identity = credential?.identity ?? "anonymous";
    const spares = ({ address }: RegistryHost): boolean => pulling.rateLimits?.isLow(address, identity) === true;
    let attempt = await dialect.attempt({ reference, hosts, platform, session, manifests, spares }, signal);
    if (attempt.kind === "pulled") {
      const outcome = { kind: "pulled", attempt, identity, credentialIndex } as const;
      pulling.onManifest(outcome);
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
      if (attempt.kind === "pulled") return { ...outcome, attempt };
      pulling.onManifest(undefined);
    }
    const explained = await withTagHints(attempt, reference, session, signal);
    attempts.push(withOrigin(explained, credential?.origin));
    if (attempt.kind === "unfinished") break;
  }
  return { kind: "failed", attempts };
}

function withOrigin(attempt: FailedAttempt, origin: CredentialOrigin | undefined): FailedAttempt {
  if (origin === undefined || (attempt.kind !== "failed" && attempt.kind !== "content")) return attempt;
  return { ...attempt, credential: origin };
}

/** Remembers which host is being waited for, so that a deadline can name it. */
function watched(session: RegistrySession, onHost: (address: string) => void): RegistrySession {
  return {
    exchange(request, signal) {
      onHost(request.host.address);
      return session.exchange(request, signal);
    },
  };
}
