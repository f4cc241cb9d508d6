import { ApiException, type CustomObjectsApi, PatchStrategy } from "@kubernetes/client-node";
import type { NamedProfile } from "../agent/index.js";
import { entriesOf, memberOf, textOf } from "../core/index.js";
import { renderProfileSpec } from "../node/index.js";
import { agentName, managedByLabel } from "../placement/index.js";
import { withSignal } from "./abortable.js";
import { profileGroup, profilePlural, profileVersion } from "./watched-profile.js";

/** One operation of a JSON patch. */
type PatchOperation = { readonly op: "add" | "remove" | "test"; readonly path: string; readonly value?: unknown };

/** NodePullProfiles as agents change them. Rejects with what client-node throws. */
export interface ProfileStore {
  /** The whole object, or undefined where there is none. */
  read(name: string, signal: AbortSignal): Promise<unknown>;
  /** Makes the object, or its spec what it was. */
  apply(profile: NamedProfile, signal: AbortSignal): Promise<unknown>;
  /**
   * Adds a node to those that the profile covers, unless it is there; the first one brings what is wrong with the files.
   * False where the object changed all the time.
   */
  join(profile: NamedProfile, node: string, signal: AbortSignal): Promise<boolean>;
  /** Takes a node out, and removes the object if it was the last; false where the object changed all the time. */
  drop(name: string, node: string, signal: AbortSignal): Promise<boolean>;
  /** Removes an object that covers no node, unless it has changed since. */
  removeIfUnused(object: unknown, signal: AbortSignal): Promise<void>;
}

/** Where client-node finds the objects. */
export const profileTarget = { group: profileGroup, version: profileVersion, plural: profilePlural };
/** Agents of one profile change the list of its nodes at the same time when they are rolled out. */
const maxTries = 20;

/** The NodePullProfiles of a cluster. */
export function profileStore(custom: CustomObjectsApi): ProfileStore {
  const read = (name: string, signal: AbortSignal): Promise<unknown> =>
    orAbsent(custom.getClusterCustomObject({ ...profileTarget, name }, withSignal(signal)));
  const removeIfUnused = async (object: unknown, signal: AbortSignal): Promise<void> => {
    if (entriesOf(memberOf(object, "status", "nodes")).length > 0) return;
    const name = textOf(memberOf(object, "metadata", "name"));
    // An agent that has joined meanwhile has changed the version.
    const preconditions = { resourceVersion: textOf(memberOf(object, "metadata", "resourceVersion")) };
    const removal = custom.deleteClusterCustomObject(
      { ...profileTarget, name, body: { preconditions } },
      withSignal(signal),
    );
    await orAbsent(removal.catch(ignoring([409])));
  };
  return {
    read,
    removeIfUnused,
    apply: (profile, signal) => applySpec(custom, profile, signal),
    join: (profile, node, signal) => repeatedly(() => joinOnce(custom, read, profile, node, signal)),
    drop: (name, node, signal) =>
      repeatedly(async () => {
        const object = await read(name, signal);
        if (object === undefined) return true;
        const left = await dropOnce(custom, object, node, signal);
        if (left !== undefined) await removeIfUnused(left, signal);
        return left !== undefined;
      }),
  };
}

/** The object without the node; undefined where it changed meanwhile. */
async function dropOnce(
  custom: CustomObjectsApi,
  object: unknown,
  node: string,
  signal: AbortSignal,
): Promise<unknown> {
  const nodes = entriesOf(memberOf(object, "status", "nodes"));
  const path = `/status/nodes/${nodes.findIndex((entry) => memberOf(entry, "name") === node)}`;
  if (path.endsWith("/-1")) return object;
  const operations: readonly PatchOperation[] = [
    { op: "test", path: `${path}/name`, value: node },
    { op: "remove", path },
  ];
  return await patchStatus(custom, textOf(memberOf(object, "metadata", "name")), operations, signal);
}

async function repeatedly(attempt: () => Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < maxTries; tries += 1) if (await attempt()) return true;
  return false;
}

function applySpec(custom: CustomObjectsApi, { name, spec }: NamedProfile, signal: AbortSignal): Promise<unknown> {
  const body = {
    apiVersion: `${profileGroup}/${profileVersion}`,
    kind: "NodePullProfile",
    metadata: { name, labels: { [managedByLabel]: agentName } },
    spec: renderProfileSpec(spec),
  };
  const options = withSignal(signal, { "Content-Type": PatchStrategy.ServerSideApply });
  return custom.patchClusterCustomObject(
    { ...profileTarget, name, body, fieldManager: agentName, force: true },
    options,
  );
}

async function joinOnce(
  custom: CustomObjectsApi,
  read: ProfileStore["read"],
  { name, issues }: NamedProfile,
  node: string,
  signal: AbortSignal,
): Promise<boolean> {
  const object = await read(name, signal);
  if (object === undefined) return false;
  const nodes = memberOf(object, "status", "nodes");
  if (entriesOf(nodes).some((entry) => memberOf(entry, "name") === node)) return true;
  const resourceVersion = textOf(memberOf(object, "metadata", "resourceVersion"));
  // At the end of the list nobody is in the way; the list itself must be made by one alone.
  const operations: readonly PatchOperation[] = Array.isArray(nodes)
    ? [{ op: "add", path: "/status/nodes/-", value: { name: node } }]
    : [
        { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
        { op: "add", path: "/status", value: { nodes: [{ name: node }], issues } },
      ];
  return (await patchStatus(custom, name, operations, signal)) !== undefined;
}

/** The object after the change; undefined where it is not as it was tested for, or gone. */
async function patchStatus(
  custom: CustomObjectsApi,
  name: string,
  body: readonly PatchOperation[],
  signal: AbortSignal,
): Promise<unknown> {
  const options = withSignal(signal, { "Content-Type": PatchStrategy.JsonPatch });
  const request = custom.patchClusterCustomObjectStatus(
    { ...profileTarget, name, body, fieldManager: agentName },
    options,
  );
  return await orAbsent(request.catch(ignoring([409, 422])));
}

/** What a request answers, or undefined for a 404. */
export async function orAbsent<T>(request: Promise<T>): Promise<T | undefined> {
  return await request.catch(ignoring([404]));
}

function ignoring(codes: readonly number[]): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof ApiException && codes.includes(error.code)) return undefined;
    throw error;
  };
}
