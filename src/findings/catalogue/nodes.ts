import type { CauseEntry } from "../cause-entry.js";
import { permanent, transient, trust } from "./kinds.js";

/** What the nodes' own configuration does to a pull. */
export const nodesCauses = {
  NodeTrustFileBroken: {
    ...permanent,
    explanation:
      "A certificate file of the nodes' registry configuration is missing, unreadable or half of a pair; every pull from the registry fails.",
    fix: "Put the file in place on the nodes, or remove it from the configuration.",
    symptom: "unable to read CA cert",
  },
  RegistryConfigNotUsed: {
    ...trust,
    explanation:
      "The nodes hold configuration for this registry (a hosts.toml, a certificate) that their runtime does not look at.",
    fix: "Let the runtime's config_path name the folder of that file, or correct the file where the runtime ignores it.",
    symptom: "x509: certificate signed by unknown authority; http: server gave HTTP response to HTTPS client",
  },
  RuntimeConfigBroken: {
    ...permanent,
    explanation: "The nodes' runtime refuses its own configuration, so that it pulls no image at all.",
    fix: "Correct the runtime's configuration on the nodes and restart it.",
    symptom:
      "invalid plugin config: `mirrors` cannot be set when `config_path` is provided; unknown service runtime.v1.ImageService; loading registries configuration",
  },
  NoResolveHost: {
    ...permanent,
    explanation: "The nodes' registry configuration leaves no host that may resolve or serve this image.",
    fix: "Give a host of this registry the capabilities pull and resolve.",
    symptom: "no resolve hosts: not found",
  },
  RegistryBlocked: {
    ...trust,
    explanation: "The nodes' registries.conf blocks this registry or repository.",
    fix: "Remove blocked = true from the nodes' registries.conf, or take the image from another registry.",
    symptom: "registry is blocked in /etc/containers/registries.conf",
  },
  SignaturePolicyRejects: {
    ...trust,
    kubeletReason: "SignatureValidationFailed",
    explanation: "The nodes' signature policy rejects every image of this registry or repository.",
    fix: "Allow the registry in /etc/containers/policy.json on the nodes.",
    symptom: "Source image rejected: Running image is rejected by policy",
  },
  ShortNameUnresolved: {
    ...trust,
    explanation: "The image has no registry in its name, and the nodes' registries.conf says of no registry to search.",
    fix: "Write the registry into the image's name.",
    symptom: "short-name did not resolve to an alias and no unqualified-search registries are defined",
  },
  ShortNameAmbiguous: {
    ...trust,
    explanation:
      "The image has no registry in its name, and the nodes' registries.conf names several and forbids to choose.",
    fix: "Write the registry into the image's name.",
    symptom: "short-name resolution enforced but cannot prompt without a TTY",
  },
  NodeConfigUnread: {
    ...transient,
    kubeletReason: null,
    explanation:
      "The image can be pulled from where Pullguard looked, but a file of the nodes that may send them elsewhere could not be read.",
    fix: "Let Pullguard read the file: it must be a plain file of at most 1 MiB.",
    symptom: "none yet",
  },
  SignatureNotChecked: {
    ...transient,
    kubeletReason: "SignatureValidationFailed",
    explanation:
      "The image is there, but the nodes pull it only with a valid signature, which Pullguard does not verify.",
    fix: "Verify the signature with the keys of the nodes' policy.json before you deploy.",
    symptom: "Source image rejected: A signature was required, but no signature exists",
  },
  NodesDisagree: {
    ...transient,
    explanation:
      "The image can be pulled by some of the nodes the Pod may land on, or by some versions of their runtime.",
    fix: "Bring the nodes' configuration in line, or select the nodes that can pull it.",
    symptom: "ErrImagePull on some nodes only",
  },
} as const satisfies Record<string, CauseEntry>;
