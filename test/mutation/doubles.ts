import { type PullSecret, pullSecretFromObject } from "../../src/credentials/index.js";
import type { CauseCode, Finding, Verdict } from "../../src/findings/index.js";
import type { MutationDeps, PullSecretListing } from "../../src/mutation/index.js";
import { parseReference } from "../../src/reference/index.js";
import { distinctImages, type Workload } from "../../src/workload/index.js";

/** A digest that is easy to tell from others: one hexadecimal digit 64 times. */
export const digestOf = (digit: string): string => `sha256:${digit.repeat(64)}`;

/** One repository of a small world. */
export interface RepositoryState {
  /** Tags and what they stand for; a digest can be pulled where a tag has it. */
  readonly tags: Readonly<Record<string, string>>;
  /** The Secret without which nothing is shown. */
  readonly opens?: readonly string[];
  /** What is the matter with it, if anything: nothing can be pulled then. */
  readonly fault?: { readonly verdict: Verdict; readonly cause: CauseCode };
  /** What is known of the digest all the same. */
  readonly digestIsKnown?: boolean;
}

export interface SmallWorld {
  readonly repositories: Readonly<Record<string, RepositoryState>>;
  /** Secrets of the namespace, with the registry each has a key for. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Secrets of the ServiceAccount. */
  readonly account?: readonly string[];
  readonly listing?: Extract<PullSecretListing, { kind: "unreadable" }>;
  /** The one image that every node holds. */
  readonly present?: string;
}

/** What happens in a world that consists of a table; `asked` keeps every workload that was asked about. */
export function smallWorld(world: SmallWorld): MutationDeps & { readonly asked: Workload[] } {
  const asked: Workload[] = [];
  const secrets = Object.entries(world.secrets ?? {}).map(([name, host]) => secret(name, host));
  return {
    asked,
    ask: (workload) => {
      asked.push(workload);
      return Promise.resolve(distinctImages(workload).map((image) => findingOf(world, workload, image)));
    },
    secrets: {
      secret: (_namespace, name) => {
        const found = secrets.find((candidate) => candidate.name === name);
        return Promise.resolve(found === undefined ? { kind: "not-found" } : { kind: "found", secret: found });
      },
      serviceAccount: () => Promise.resolve({ kind: "found", imagePullSecrets: world.account ?? [] }),
    },
    listPullSecrets: () => Promise.resolve(world.listing ?? { kind: "listed", secrets }),
  };
}

function findingOf(
  world: SmallWorld,
  workload: Workload,
  { image, pullPolicy, fieldPaths }: ReturnType<typeof distinctImages>[number],
): Finding {
  const answer = (verdict: Verdict, cause: CauseCode | null, digest: string | null = null): Finding => ({
    ...{ image, reference: image, digest, verdict, cause, kubelet: { reason: null }, message: `${image}: ${verdict}` },
    ...{ fix: null, workload: workload.identity, fieldPaths },
  });
  const parsed = parseReference(image, "current");
  if (parsed.kind !== "reference") return answer("unpullable", "InvalidImageName");
  if (pullPolicy === "Never") return answer("skipped", "PullPolicyNever");
  if (image === world.present && pullPolicy === "IfNotPresent") return answer("skipped", "ImageOnNode");
  const { domain, path, tag = "", digest } = parsed.reference;
  const repository = world.repositories[`${domain}/${path}`];
  if (repository === undefined) return answer("unpullable", "RepositoryNotFound");
  const found = digest ?? repository.tags[tag];
  if (repository.fault !== undefined) {
    const known = repository.digestIsKnown === true && found !== undefined ? found : null;
    return answer(repository.fault.verdict, repository.fault.cause, known);
  }
  const { pod } = workload;
  const used = pod.imagePullSecrets.length > 0 || !pod.isTemplate ? pod.imagePullSecrets : (world.account ?? []);
  if (repository.opens !== undefined && !repository.opens.some((name) => used.includes(name))) {
    return answer("unpullable", "PullSecretMissing");
  }
  if (found === undefined || !Object.values(repository.tags).includes(found)) {
    return answer("unpullable", digest === undefined ? "TagNotFound" : "DigestNotFound");
  }
  return answer("pullable", null, found);
}

function secret(name: string, host: string): PullSecret {
  const config = JSON.stringify({ auths: { [host]: { username: "user", password: "pass" } } });
  return pullSecretFromObject({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace: "shop" },
    type: "kubernetes.io/dockerconfigjson",
    stringData: { ".dockerconfigjson": config },
  });
}
