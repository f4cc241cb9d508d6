import { buildKeyring, type PullSecret, parsePullSecret } from "../credentials/index.js";
import type { CauseCode, Finding } from "../findings/index.js";
import { parseReference, repositoryName } from "../reference/index.js";
import type { ImageUse, Workload } from "../workload/index.js";
import { changeableUses, isNoWorse, judge, placeOf, type Round, type Stand } from "./round.js";

/** The registry, or its token server, wants other credentials than the Pod brings. */
const refusals: readonly CauseCode[] = [
  "AccessDenied",
  "CredentialsRejected",
  "PullSecretForOtherRegistry",
  "PullSecretMissing",
  "PullSecretNotFound",
  "PullSecretWrongType",
  "RepositoryHidden",
];
/** More Secrets that might open one image are not tried: each is a login at the registry. */
const maxTried = 10;

/**
 * Adds the one Secret of the namespace that is proven to open an image which is refused without it. Where several do, it is
 * not Pullguard's to choose. Nothing is added by which another image of the Pod would fare worse: a Pod that lists a Secret
 * no longer gets those of its ServiceAccount, so they are listed with it.
 */
export async function addPullSecret(round: Round, stand: Stand): Promise<Stand> {
  if (!round.target.pullSecrets) return stand;
  const refused = changeableUses(round, stand).filter(
    ({ use, finding }) => isRefused(finding) && round.order.wants("addPullSecret", use.image),
  );
  if (refused.length === 0) return stand;
  const listed = await effectiveList(round, stand.workload);
  if (typeof listed === "string") return { ...stand, notes: [...stand.notes, listed] };
  const search = secretSearch(round, stand.workload, listed);
  const answers = await Promise.all(
    distinct(refused.map(({ use }) => use)).map(async (use) => ({ use, answer: await search(use) })),
  );
  const notes = answers.flatMap(({ answer }) => answer.notes);
  const found = answers.flatMap(({ use, answer }) => (answer.name === undefined ? [] : [{ use, name: answer.name }]));
  if (found.length === 0) return { ...stand, notes: [...stand.notes, ...notes] };
  const workload = withSecrets(stand.workload, [...new Set([...listed, ...found.map(({ name }) => name)])]);
  const [before, after] = await Promise.all([
    judge(round, stand.workload, () => true),
    judge(round, workload, () => true),
  ]);
  const names = [...new Set(found.map(({ name }) => name))].join(", ");
  const harmed = stand.workload.pod.images.find(
    ({ fieldPath }) => !isNoWorse(before.get(fieldPath), after.get(fieldPath)),
  );
  if (harmed !== undefined) {
    const note = `pullguard added no imagePullSecret: with ${names}, ${placeOf(harmed)} would fare worse`;
    return { ...stand, notes: [...stand.notes, ...notes, note] };
  }
  const told = found.map(
    ({ use, name }) => `pullguard added the imagePullSecret ${name}: ${placeOf(use)} is refused without it`,
  );
  const own = new Map([...after].filter(([path]) => stand.findings.has(path)));
  return { workload, findings: own, notes: [...stand.notes, ...notes, ...told] };
}

function isRefused({ verdict, cause }: Finding): boolean {
  return (verdict === "unpullable" || verdict === "unknown") && cause !== null && refusals.includes(cause);
}

/** What the Pod's Secrets are without a change, or why that is not known. */
async function effectiveList(
  { deps, signal }: Round,
  { pod, identity }: Workload,
): Promise<readonly string[] | string> {
  if (!pod.isTemplate || pod.imagePullSecrets.length > 0) return pod.imagePullSecrets;
  const account = await deps.secrets.serviceAccount(identity.namespace, pod.serviceAccountName, signal);
  if (account.kind === "found") return account.imagePullSecrets.filter((name) => name !== "");
  if (account.kind === "not-found") return [];
  return `pullguard added no imagePullSecret: ServiceAccount ${identity.namespace}/${pod.serviceAccountName}: ${account.reason}`;
}

interface SearchAnswer {
  readonly name?: string;
  readonly notes: readonly string[];
}

/** Looks for the one Secret, first among those that the configuration names, then among all of the namespace. */
function secretSearch(round: Round, workload: Workload, listed: readonly string[]) {
  const { deps, order, signal } = round;
  const { namespace } = workload.identity;
  let listing: ReturnType<typeof deps.listPullSecrets> | undefined;
  const proven = async (use: ImageUse, candidates: readonly PullSecret[]): Promise<SearchAnswer | undefined> => {
    const likely = candidates.filter((secret) => !listed.includes(secret.name) && hasKeyFor(secret, use.image));
    if (likely.length > maxTried) return ambiguous(use, `${likely.length} Secrets have a key for it`);
    const tries = likely.map(async ({ name }) => {
      const tried = withSecrets(workload, [...listed, name]);
      const after = await judge(round, tried, ({ fieldPath }) => fieldPath === use.fieldPath);
      return after.get(use.fieldPath)?.verdict === "pullable" ? [name] : [];
    });
    const [name, ...others] = (await Promise.all(tries)).flat();
    if (name === undefined) return undefined;
    return others.length === 0 ? { name, notes: [] } : ambiguous(use, `${[name, ...others].join(", ")} open it`);
  };
  return async (use: ImageUse): Promise<SearchAnswer> => {
    const names = order.secretsFor(use.image);
    const lookups = await Promise.all(
      names.map(async (name) => ({ name, lookup: await deps.secrets.secret(namespace, name, signal) })),
    );
    const notes = lookups.flatMap(({ name, lookup }) =>
      lookup.kind === "not-found"
        ? [`pullguard: the Secret ${name}, which the PullguardConfig names for ${use.image}, is not in ${namespace}`]
        : [],
    );
    const named = lookups.flatMap(({ lookup }) => (lookup.kind === "found" ? [lookup.secret] : []));
    const fromNamed = await proven(use, named);
    if (fromNamed !== undefined) return fromNamed;
    listing ??= deps.listPullSecrets(namespace, signal);
    const all = await listing;
    if (all.kind === "unreadable") {
      return { notes: [...notes, `pullguard added no imagePullSecret for ${placeOf(use)}: ${all.reason}`] };
    }
    return (await proven(use, all.secrets)) ?? { notes };
  };
}

function ambiguous(use: ImageUse, why: string): SearchAnswer {
  return { notes: [`pullguard added no imagePullSecret for ${placeOf(use)}: ${why}, name one`] };
}

/** Only compared with itself, so any key does. */
const identityKey = new Uint8Array(32);

function hasKeyFor(secret: PullSecret, image: string): boolean {
  const parsed = parseReference(image, "current");
  if (parsed.kind !== "reference") return false;
  const { entries } = parsePullSecret(secret);
  const origin = { kind: "secret", namespace: secret.namespace, name: secret.name } as const;
  const keyring = buildKeyring([{ entries, origin, version: "" }], { identityKey });
  return keyring.lookup(repositoryName(parsed.reference)).length > 0;
}

function withSecrets(workload: Workload, imagePullSecrets: readonly string[]): Workload {
  return { ...workload, pod: { ...workload.pod, imagePullSecrets } };
}

function distinct(uses: readonly ImageUse[]): readonly ImageUse[] {
  return uses.filter(({ image }, index) => uses.findIndex((other) => other.image === image) === index);
}
