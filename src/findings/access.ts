import { unreachable } from "../core/index.js";
import type { CredentialOrigin, NearMissReason, SecretNote } from "../credentials/index.js";
import type { RegistryHost } from "../node/index.js";
import type { FailureReason } from "../prediction/index.js";
import { repositoryName } from "../reference/index.js";
import type { AuthRefusal } from "../registry/index.js";
import type { CauseCode } from "./catalogue.js";
import { type Diagnosis, type DiagnosisContext, diagnose, hostLabel } from "./diagnosis.js";
import { createSecret, recreateSecret, secretLabel } from "./secret-repair.js";
import { diagnoseFault } from "./transport.js";

/** Whose credential the attempt carried; undefined for an anonymous one. */
type Carried = CredentialOrigin | undefined;
type StatusReason = Extract<FailureReason, { kind: "status" }>;

/** A final 401 or 403 of the registry itself. */
export function diagnoseDenied(
  reason: StatusReason,
  host: RegistryHost,
  carried: Carried,
  context: DiagnosisContext,
): Diagnosis {
  const name = hostLabel(host, context.reference);
  if (reason.status === 403) {
    return diagnose("AccessDenied", context, {
      message: `${name} denies access to ${repositoryName(context.reference)}${withCredential(carried)} (403)`,
      fix: `Grant ${carried === undefined ? "the nodes" : "the account"} the right to pull ${repositoryName(context.reference)}.`,
    });
  }
  if (!reason.challenges.some((scheme) => scheme === "basic" || scheme === "bearer")) {
    return diagnose("AuthenticationUnsupported", context, {
      message: `${name} asks for ${reason.challenges.join(", ") || "no known"} authentication, which container runtimes do not support`,
    });
  }
  if (carried === undefined) {
    return reason.authorization === "bearer" ? hiddenRepository(host, context) : anonymousRefused(host, context);
  }
  if (reason.authorization === "bearer") return hiddenFrom(host, carried, context);
  return rejected(host, carried, context);
}

/** Authorization that failed before the registry gave a final answer. */
export function diagnoseRefusal(
  refusal: AuthRefusal,
  host: RegistryHost,
  carried: Carried,
  context: DiagnosisContext,
): Diagnosis {
  const name = hostLabel(host, context.reference);
  switch (refusal.kind) {
    case "no-credentials":
      return carried === undefined ? anonymousRefused(host, context) : emptyCredential(host, carried, context);
    case "insufficient-scope":
      return carried === undefined || refusal.anonymous
        ? hiddenRepository(host, context)
        : hiddenFrom(host, carried, context);
    case "token-status":
      return tokenStatus(refusal, host, carried, context);
    case "token-fault": {
      const fault = diagnoseFault(refusal.fault, { ...host, address: realmHost(refusal.realm) }, context);
      // What Pullguard does not do is no fault of the token server.
      if (fault.cause === "RegistryAddressForbidden" || fault.cause === "RegistryNotAsked" || fault.firm)
        return { ...fault, message: `token server of ${name}: ${fault.message}` };
      return diagnose("TokenServerUnavailable", context, {
        message: `token server of ${name}: ${fault.message}`,
        fix: fault.fix,
      });
    }
    case "token-unreadable":
    case "token-absent":
      return diagnose("TokenResponseInvalid", context, {
        message: `the token server of ${name} (${realmHost(refusal.realm)}) answers with something that is no token`,
      });
    case "realm-missing":
      return diagnose("AuthenticationUnsupported", context, {
        message: `${name} asks for a token but does not say where to get one`,
      });
    case "realm-refused":
      return diagnose("TokenRealmInsecure", context, { message: `${name}: ${refusal.message}` });
    default:
      return unreachable(refusal);
  }
}

function tokenStatus(
  refusal: Extract<AuthRefusal, { kind: "token-status" }>,
  host: RegistryHost,
  carried: Carried,
  context: DiagnosisContext,
): Diagnosis {
  const name = hostLabel(host, context.reference);
  if (refusal.status >= 500 || refusal.status === 429 || refusal.status === 408) {
    return diagnose("TokenServerUnavailable", context, {
      message: `the token server of ${name} answers ${refusal.status}`,
    });
  }
  if (refusal.status === 401 || refusal.status === 403) {
    return carried === undefined || refusal.anonymous
      ? anonymousRefused(host, context)
      : rejected(host, carried, context);
  }
  return diagnose("TokenResponseInvalid", context, {
    message: `the token server of ${name} answers ${refusal.status}`,
  });
}

function rejected(host: RegistryHost, carried: CredentialOrigin, context: DiagnosisContext): Diagnosis {
  return diagnose("CredentialsRejected", context, {
    message: `${hostLabel(host, context.reference)} rejects the credentials of ${originLabel(carried)}`,
    fix:
      carried.kind === "secret"
        ? recreateSecret(carried.name, context)
        : `Renew the entry ${carried.key} in ${carried.file} on the nodes.`,
  });
}

function emptyCredential(host: RegistryHost, carried: CredentialOrigin, context: DiagnosisContext): Diagnosis {
  const token = tokenOnly(carried, context) ? "; the kubelet ignores its identitytoken" : "";
  return diagnose("CredentialsRejected", context, {
    message: `${originLabel(carried)} holds no user and password for ${hostLabel(host, context.reference)}${token}`,
    ...(carried.kind === "secret" ? { fix: recreateSecret(carried.name, context) } : {}),
  });
}

function tokenOnly(carried: CredentialOrigin, { secrets }: DiagnosisContext): boolean {
  if (carried.kind !== "secret") return false;
  const reading = secrets.readings.find(({ name }) => name === carried.name);
  return reading?.kind === "usable" && (reading.notes ?? []).some(({ code }) => code === "TokenIgnored");
}

function hiddenFrom(host: RegistryHost, carried: CredentialOrigin, context: DiagnosisContext): Diagnosis {
  return diagnose("RepositoryHidden", context, {
    message: `${hostLabel(host, context.reference)} does not show ${repositoryName(context.reference)} to ${originLabel(carried)}: it does not exist, or that account may not read it`,
    fix: `Check the name ${repositoryName(context.reference)}; grant the account of ${originLabel(carried)} the right to pull it.`,
  });
}

function hiddenRepository(host: RegistryHost, context: DiagnosisContext): Diagnosis {
  const secretProblem = unusableSecret(host, context);
  if (secretProblem !== undefined) return secretProblem;
  return diagnose("RepositoryHidden", context, {
    message: `${hostLabel(host, context.reference)} does not show ${repositoryName(context.reference)} to anonymous users: it does not exist, or it is private`,
    fix: `Check the name ${repositoryName(context.reference)}; if it is private: ${createSecret("<secret>", context)}`,
  });
}

/** The registry wants credentials and none were sent: the reason lies with the Pod's Secrets. */
function anonymousRefused(host: RegistryHost, context: DiagnosisContext): Diagnosis {
  return (
    unusableSecret(host, context) ??
    diagnose("PullSecretMissing", context, {
      message: `${hostLabel(host, context.reference)} wants credentials and the Pod has no imagePullSecret`,
      fix: `Name a pull secret in imagePullSecrets: ${createSecret("<secret>", context)}`,
    })
  );
}

const secretProblems: readonly { readonly kind: string; readonly cause: CauseCode }[] = [
  { kind: "unreadable", cause: "PullSecretUnreadable" },
  { kind: "not-found", cause: "PullSecretNotFound" },
  { kind: "ignored", cause: "PullSecretWrongType" },
  { kind: "usable", cause: "PullSecretForOtherRegistry" },
];

/** The first reading, in the order of {@link secretProblems}, that explains why no credential was sent. */
function unusableSecret(host: RegistryHost, context: DiagnosisContext): Diagnosis | undefined {
  const name = hostLabel(host, context.reference);
  if (host.kubeletCredentials === "withheld") {
    return diagnose("PullSecretMissing", context, {
      message: `${name} wants credentials, and the nodes' runtime sends those of the Pod to ${host.mirrorOf ?? context.reference.domain} only`,
      fix: `Give the runtime credentials for ${host.address} of its own: an auth file that global_auth_file in crio.conf names.`,
    });
  }
  const { serviceAccount } = context.secrets;
  if (serviceAccount?.problem === "unreadable") {
    return diagnose("PullSecretUnreadable", context, {
      message: `${name} wants credentials and ServiceAccount ${context.namespace}/${serviceAccount.name} cannot be read: ${serviceAccount.reason}`,
    });
  }
  for (const { kind, cause } of secretProblems) {
    const reading = context.secrets.readings.find((candidate) => candidate.kind === kind);
    if (reading === undefined) continue;
    const where = secretLabel(reading.name, context.namespace);
    switch (reading.kind) {
      case "unreadable":
        return diagnose(cause, context, {
          message: `${name} wants credentials and ${where} cannot be read: ${reading.reason}`,
        });
      case "not-found":
        return diagnose(cause, context, {
          message: `${name} wants credentials and ${where} does not exist${context.secrets.mayAppear ? " (yet); the kubelet looks again at every try" : ""}`,
          fix: createSecret(reading.name, context),
          ...(context.secrets.mayAppear ? { firm: false } : {}),
        });
      case "ignored":
        return diagnose(cause, context, {
          message: `${name} wants credentials and the kubelet ignores ${where}: ${ignoredBecause(reading)}`,
          fix: recreateSecret(reading.name, context),
        });
      case "usable":
        return diagnose(cause, context, {
          message: `${name} wants credentials and ${where} has none for it${ignoredParts(reading.notes)}${nearest(context)}`,
          fix: `Add the key ${context.reference.domain} to it: ${createSecret(reading.name, context)}`,
        });
      case "malformed":
        return undefined;
      default:
        return unreachable(reading);
    }
  }
  return undefined;
}

function ignoredBecause(
  reading: Extract<DiagnosisContext["secrets"]["readings"][number], { kind: "ignored" }>,
): string {
  switch (reading.reason) {
    case "wrong-type":
      return `its type is ${reading.type}`;
    case "missing-key":
      return `it lacks the key of its type ${reading.type}`;
    case "empty":
      return "it is empty";
  }
}

/** Parts of a Docker config that people expect to work and that the kubelet never reads. */
function ignoredParts(notes: readonly SecretNote[] | undefined): string {
  const codes = new Set((notes ?? []).map(({ code }) => code));
  if (codes.has("CredentialHelpersIgnored")) return "; the kubelet ignores its credHelpers and credsStore";
  if (codes.has("NestedAuths")) return "; in a .dockercfg the registries stand at the top, not under auths";
  return codes.has("AuthsMissing") ? "; it has no auths" : "";
}

function nearest({ secrets }: DiagnosisContext): string {
  const near = secrets.nearMisses.find(({ origin }) => origin.kind === "secret");
  return near === undefined ? "" : `; its key ${near.origin.key}: ${nearMissText[near.reason]}`;
}

const nearMissText: Readonly<Record<NearMissReason, string>> = {
  "port-differs": "the port differs",
  "case-differs": "upper and lower case differ",
  "path-not-prefix": "its path is no prefix of the repository's",
  "wildcard-depth": "each * stands for one part of a host name",
  "alias-shadowed": "index.docker.io counts only while no other key matches",
  "docker-hub-spelling": "the kubelet does not take this spelling for Docker Hub",
  "key-unusable": "the kubelet cannot use this spelling",
  "other-host": "another registry",
};

function withCredential(carried: Carried): string {
  return carried === undefined ? "" : ` with ${originLabel(carried)}`;
}

function originLabel(origin: CredentialOrigin): string {
  return origin.kind === "secret"
    ? `${secretLabel(origin.name, origin.namespace)} (key ${origin.key})`
    : `the node's ${origin.file} (key ${origin.key})`;
}

function realmHost(realm: string): string {
  return URL.canParse(realm) ? new URL(realm).host : "its token server";
}
