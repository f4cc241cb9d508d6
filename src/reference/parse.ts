import {
  digestFault,
  hasUpperCase,
  isBareImageId,
  isDigestShaped,
  isDomain,
  isPath,
  isTag,
  toLowerCaseAsGo,
} from "./lexis.js";
import type { ImageReference, ReferenceFault, ReferenceGrammar, ReferenceParse } from "./types.js";

const hubDomain = "docker.io";
const formerHubDomain = "index.docker.io";
const officialPrefix = "library/";
const defaultTag = "latest";
const maxNameLength = 255;

/**
 * What kubelet and container runtime take a written image name for, or why they refuse it. Never throws; time grows
 * linearly with the length of `written`, which is not bounded here.
 *
 * The fault's message is the runtime's own and repeats what it repeats of the input: bound it before showing it.
 * Source: distribution/reference v0.6.0 `ParseNormalizedNamed` and `TagNameOnly` (`current`); containerd v1.6.20
 * reference/docker/reference.go, equal to docker/distribution in Kubernetes 1.26 (`legacy`).
 */
export function parseReference(written: string, grammar: ReferenceGrammar): ReferenceParse {
  if (isBareImageId(written)) {
    return invalid("BareHexName", `invalid repository name (${written}), cannot specify 64-byte hexadecimal strings`);
  }
  const { domain, remainder } = splitDomain(written, grammar);
  const colon = remainder.indexOf(":");
  const name = colon === -1 ? remainder : remainder.slice(0, colon);
  if (hasUpperCase(name)) {
    const quoted = grammar === "legacy" ? "" : ` (${name})`;
    return invalid("UppercaseName", `invalid reference format: repository name${quoted} must be lowercase`);
  }
  return parseQualified(written, `${domain}/${remainder}`, grammar);
}

/** The registry that a name begins with, Docker Hub where it begins with none, and the rest. */
function splitDomain(written: string, grammar: ReferenceGrammar): { domain: string; remainder: string } {
  const slash = written.indexOf("/");
  const first = slash === -1 ? "" : written.slice(0, slash);
  if (!namesRegistry(first, grammar)) return onHub(written);
  const remainder = written.slice(slash + 1);
  if (first === hubDomain || first === formerHubDomain) return onHub(remainder);
  return { domain: first, remainder };
}

function namesRegistry(first: string, grammar: ReferenceGrammar): boolean {
  if (first === "localhost" || /[.:]/.test(first)) return true;
  // A Hub account cannot have upper case, so the newer grammar takes such a word for a host.
  return grammar === "current" && hasUpperCase(first);
}

function onHub(remainder: string): { domain: string; remainder: string } {
  return { domain: hubDomain, remainder: remainder.includes("/") ? remainder : officialPrefix + remainder };
}

interface Parts {
  /** Domain and path as the grammar sees them together; what the older grammar's length limit counts. */
  readonly name: string;
  /** What the newer grammar's length limit counts. */
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

function parseQualified(written: string, qualified: string, grammar: ReferenceGrammar): ReferenceParse {
  const parts = dissect(qualified, grammar);
  if (parts === undefined) {
    if (written === "") return invalid("EmptyName", "invalid reference format");
    if (dissect(toLowerCaseAsGo(qualified), grammar) !== undefined) {
      return invalid("UppercaseName", "repository name must be lowercase");
    }
    return invalid("InvalidFormat", "invalid reference format");
  }
  const { name, path, tag, digest } = parts;
  if ((grammar === "legacy" ? name : path).length > maxNameLength) {
    return invalid("NameTooLong", `repository name must not be more than ${maxNameLength} characters`);
  }
  const fault = digest === undefined ? undefined : digestFault(digest);
  if (fault !== undefined) return invalid("InvalidDigest", fault);
  return { kind: "reference", reference: referenceOf(written, name, tag, digest) };
}

/** Tag and digest are told apart by the first `@` and the last `:` behind the last `/`; no other reading can match. */
function dissect(qualified: string, grammar: ReferenceGrammar): Parts | undefined {
  const at = qualified.indexOf("@");
  const digest = at === -1 ? undefined : qualified.slice(at + 1);
  if (digest !== undefined && !isDigestShaped(digest)) return undefined;
  const tagged = at === -1 ? qualified : qualified.slice(0, at);
  const colon = tagged.lastIndexOf(":");
  const hasTag = colon > tagged.lastIndexOf("/");
  const tag = hasTag ? tagged.slice(colon + 1) : undefined;
  if (tag !== undefined && !isTag(tag)) return undefined;

  const name = hasTag ? tagged.slice(0, colon) : tagged;
  const slash = name.indexOf("/");
  const rest = name.slice(slash + 1);
  if (isDomain(name.slice(0, slash), grammar === "current")) {
    return isPath(rest) ? { name, path: rest, tag, digest } : undefined;
  }
  // `my_host.example/app`: no valid host, yet a valid path as a whole.
  return isPath(name) ? { name, path: name, tag, digest } : undefined;
}

function referenceOf(
  written: string,
  name: string,
  tag: string | undefined,
  digest: string | undefined,
): ImageReference {
  // Where the grammar found no host, containerd still dials the first component (reference.Spec `Hostname`).
  const slash = name.indexOf("/");
  const shownTag = tag ?? (digest === undefined ? defaultTag : undefined);
  return {
    written,
    domain: name.slice(0, slash),
    path: name.slice(slash + 1),
    ...(shownTag === undefined ? {} : { tag: shownTag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

function invalid(code: ReferenceFault["code"], message: string): ReferenceParse {
  return { kind: "invalid", fault: { code, message } };
}
