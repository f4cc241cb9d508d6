import type { CauseEntry } from "../cause-entry.js";
import { access, permanent, transient } from "./kinds.js";

/** Credentials, and what registries say to those who have none or the wrong ones. */
export const accessCauses = {
  PullSecretMissing: {
    ...access,
    explanation: "The registry wants credentials and the Pod has no imagePullSecret for it.",
    fix: "Create a pull secret for the registry and name it in imagePullSecrets or in the ServiceAccount.",
    symptom: "pull access denied, repository does not exist or may require authorization; 401 Unauthorized",
  },
  PullSecretNotFound: {
    ...access,
    explanation:
      "The registry wants credentials and the imagePullSecret that the Pod names does not exist in its namespace.",
    fix: "Create the Secret in the workload's namespace, or correct its name.",
    symptom: "Unable to retrieve some image pull secrets; 401 Unauthorized",
  },
  PullSecretWrongType: {
    ...access,
    explanation:
      "The registry wants credentials and the kubelet ignores the imagePullSecret because of its type or its empty content.",
    fix: "Recreate the Secret with type kubernetes.io/dockerconfigjson.",
    symptom: "401 Unauthorized although a Secret is named",
  },
  PullSecretMalformed: {
    ...permanent,
    explanation:
      "An imagePullSecret cannot be parsed; the kubelet then fails every pull of the Pod, whatever the registry.",
    fix: "Recreate the Secret.",
    symptom: "json: cannot unmarshal; illegal base64 data; unable to parse auth field",
  },
  PullSecretForOtherRegistry: {
    ...access,
    explanation: "The registry wants credentials and the imagePullSecrets hold none for this registry and repository.",
    fix: "Add an entry whose key is this registry, port included.",
    symptom: "401 Unauthorized although a Secret is named",
  },
  PullSecretUnreadable: {
    ...transient,
    explanation: "The registry wants credentials and Pullguard may not read the Secrets that the Pod names.",
    fix: "Allow Pullguard to get Secrets in this namespace, or check the pull secret by hand.",
    symptom: "none: the kubelet reads the Secret with its own rights",
  },
  CredentialsRejected: {
    ...access,
    explanation: "The registry rejects the credentials of the pull secret.",
    fix: "Renew user and password in the Secret.",
    symptom: "401 Unauthorized; failed to fetch oauth token",
  },
  AccessDenied: {
    ...access,
    explanation: "The registry knows who asks and refuses access to this repository.",
    fix: "Grant the account the right to pull from this repository.",
    symptom: "403 Forbidden; insufficient_scope: authorization failed",
  },
  RepositoryHidden: {
    ...access,
    explanation:
      "The registry answers 'unauthorized': the repository does not exist, or it is private. Registries do not tell which.",
    fix: "Check the repository's name; if it is private, provide a pull secret that opens it.",
    symptom: "pull access denied, repository does not exist or may require authorization",
  },
  AuthenticationUnsupported: {
    ...access,
    explanation:
      "The registry asks for an authentication scheme that container runtimes do not support, or asks for it incompletely.",
    fix: "Configure the registry for Basic or Bearer authentication.",
    symptom: "401 Unauthorized; no realm specified for token auth challenge",
  },
  TokenServerUnavailable: {
    ...transient,
    explanation: "The registry's token server does not answer or answers with a server error.",
    fix: "Check the token server that the registry names in its challenge.",
    symptom: "failed to authorize: failed to fetch anonymous token",
  },
  TokenResponseInvalid: {
    ...permanent,
    explanation: "The registry's token server answers with something that is no token.",
    fix: "Correct the realm that the registry announces, or the token server.",
    symptom: "unable to decode token response; authorization server did not include a token in the response",
  },
  TokenRealmInsecure: {
    ...transient,
    explanation:
      "The registry sends clients with their password to another host by redirect, or to a token server without TLS; Pullguard does not send it there.",
    fix: "Announce an https realm, or check this image by hand.",
    symptom: "none: the runtime sends the password wherever the registry says",
  },
} as const satisfies Record<string, CauseEntry>;
