import { rootCertificates } from "node:tls";
import type { GivenNodeCredentials, NodeView } from "../cli/index.js";
import { type Clock, PullguardError } from "../core/index.js";
import { type Keyring, nodeFileKeyring, type PullSecretEntry } from "../credentials/index.js";
import {
  candidateProfiles,
  type NodeCredentials,
  type NodeProfile,
  parseRuntime,
  publishedNodeProfiles,
  type RuntimeVersion,
  type SystemRoots,
  type WellKnownRoots,
  wellKnownRoots,
} from "../node/index.js";
import { parsePlatform } from "../oci/index.js";
import type { NodePrograms, ProfileMaker } from "../placement/index.js";

/**
 * Makes node profiles from what a person, a cluster and its agents say.
 * @param view what a person said of the nodes; of nodes that are seen, what is seen comes first
 * @throws PullguardError `InputInvalid` for a runtime or platform that is none
 */
export function profileMaker(view: NodeView, identityKey: Uint8Array, clock: Clock): ProfileMaker {
  const stated = statedCredentials(view.credentials, identityKey);
  const said: NodePrograms = {
    ...(view.runtime === undefined ? {} : { runtime: view.runtime }),
    ...(view.platform === undefined ? {} : { platform: parsePlatform(view.platform) }),
  };
  const runtimeSaid = view.runtime === undefined ? undefined : parseRuntime(view.runtime);
  const make = (programs: NodePrograms, runtime: RuntimeVersion | undefined): readonly NodeProfile[] => {
    const { platform, kubelet } = { ...said, ...programs };
    const profiles = candidateProfiles({
      ...(runtime === undefined ? {} : { runtime }),
      ...(platform === undefined ? {} : { platform }),
      ...(view.root === undefined
        ? {}
        : { node: { name: `node in ${view.root.path}`, files: view.root.files, identityKey, clock } }),
    });
    const version = kubelet === undefined ? {} : { version: kubelet };
    // What a person says of all nodes goes before what one node's files say.
    return stated(
      profiles.map((profile) => ({ ...profile, kubelet: { ...profile.kubelet, ...version, ...view.kubelet } })),
    );
  };
  // Reading them takes longer than most commands.
  let wellKnown: WellKnownRoots | undefined;
  const stores = new Map<string, SystemRoots>();
  const unseen = new Map<string, readonly NodeProfile[]>();
  return {
    otherwise: make({}, runtimeSaid),
    unseenFor: (programs) => {
      const key = JSON.stringify(programs);
      const made = unseen.get(key) ?? make(programs, readRuntime(programs.runtime) ?? runtimeSaid);
      if (unseen.size >= maxUnseen) unseen.clear();
      unseen.set(key, made);
      return made;
    },
    publishedFor: (published, programs, lastConfirmed) => {
      const { name, spec } = published;
      const runtime = readRuntime(programs.runtime) ?? readRuntime(spec.runtime) ?? runtimeSaid;
      wellKnown ??= wellKnownRoots(rootCertificates);
      const profiles = publishedNodeProfiles({
        ...{ name, spec, wellKnown, identityKey, stores },
        ...(runtime === undefined ? {} : { runtime }),
        ...(programs.platform === undefined ? {} : { platform: programs.platform }),
        ...(programs.kubelet === undefined ? {} : { kubeletVersion: programs.kubelet }),
        ...(lastConfirmed === undefined ? {} : { lastConfirmed }),
      });
      return stated(profiles);
    },
  };
}

/** A runtime that is none of those known leaves it open which one it is. */
function readRuntime(text: string | undefined): RuntimeVersion | undefined {
  try {
    return text === undefined ? undefined : parseRuntime(text);
  } catch (error) {
    if (error instanceof PullguardError) return undefined;
    throw error;
  }
}

/** Kinds of nodes that nobody has published; a cluster in the midst of an upgrade has some dozens. */
const maxUnseen = 200;

type NodeLookup = Extract<NodeCredentials, { kind: "known" }>["lookup"];

/** What a person says of the nodes' credentials; what a node's own files say is surer than that. */
function statedCredentials(
  stated: NodeView["credentials"],
  identityKey: Uint8Array,
): (profiles: readonly NodeProfile[]) => readonly NodeProfile[] {
  if (stated === "unknown") return (profiles) => profiles;
  const none = { kind: "known", lookup: () => [], files: [] } as const;
  const given = stated === "none" ? undefined : givenLookup(stated, identityKey);
  return (profiles) =>
    profiles.map((profile) => {
      const { credentials } = profile;
      if (stated !== "none" && given !== undefined) {
        return { ...profile, credentials: withGiven(credentials, stated, given) };
      }
      return credentials.kind === "known" ? profile : { ...profile, credentials: none };
    });
}

/** Looks into a given file, whose entries may be others the next time. */
function givenLookup(given: GivenNodeCredentials, identityKey: Uint8Array): NodeLookup {
  let entries: readonly PullSecretEntry[] | undefined;
  let keyring: Keyring | undefined;
  return (repository) => {
    const current = given.entries();
    if (keyring === undefined || current !== entries) {
      entries = current;
      keyring = nodeFileKeyring(given.path, current, { identityKey });
    }
    return keyring.lookup(repository);
  };
}

/**
 * The node's own files, where they were seen, then the given one, as the kubelet tries what its files hold before what
 * credential providers give (1.36; older ones mix both by key). With the given one nothing is left to find out.
 */
function withGiven(own: NodeCredentials, { path }: GivenNodeCredentials, given: NodeLookup): NodeCredentials {
  if (own.kind === "unknown") return { kind: "known", lookup: given, files: [path] };
  const lookup: NodeLookup = (repository) => [...own.lookup(repository), ...given(repository)];
  return { kind: "known", lookup, files: [...own.files, path] };
}
