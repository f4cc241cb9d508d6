import type { KubernetesObject } from "@kubernetes/client-node";
import { type Clock, memberOf, textOf } from "../core/index.js";
import { withSignal } from "./abortable.js";
import { withPatience } from "./patience.js";

/** What is kept of an object while it is watched; `resourceVersion` is what client-node resumes a watch with. */
export interface PrunedObject extends KubernetesObject {
  readonly metadata: { readonly namespace?: string; readonly name: string; readonly resourceVersion: string };
}

/** One kind of object that can be listed and watched. */
export interface Resource<T extends PrunedObject> {
  /** Plural, for messages: `serviceaccounts`. */
  readonly plural: string;
  /** Where it is watched: `/api/v1/serviceaccounts`. */
  readonly path: string;
  /** Leaves out what does not match; all objects where absent. */
  readonly fieldSelector?: string;
  /** Asks for one page of a list; the answer may be anything. */
  readonly page: (query: PageQuery, options: ReturnType<typeof withSignal>, signal: AbortSignal) => Promise<unknown>;
  /** Objects of one page; 500 where absent. */
  readonly pageSize?: number;
  /** What is kept of an object, as a list (with dates read) or a watch (without) tells it. Never throws. */
  readonly prune: (object: unknown) => T;
}

interface PageQuery {
  readonly limit: number;
  readonly _continue?: string;
  readonly fieldSelector?: string;
}

/** One page of a list; the API server then holds no more than this many objects for us at a time. */
const pageSize = 500;
/** An API server gives up on a request of its own accord after a minute. */
const pagePatienceMs = 60_000;

/**
 * Every object of the kind, as of one moment. With a clock no page is waited for longer than a minute.
 * @throws ApiException for a refusal, the system's error where nobody answers, an Error for an answer that is no list
 */
export async function listResource<T extends PrunedObject>(resource: Resource<T>, signal: AbortSignal, clock?: Clock) {
  const items: T[] = [];
  let next: string | undefined;
  const { fieldSelector } = resource;
  const wanted = { limit: resource.pageSize ?? pageSize, ...(fieldSelector === undefined ? {} : { fieldSelector }) };
  for (;;) {
    const query = { ...wanted, ...(next === undefined ? {} : { _continue: next }) };
    const ask = (own: AbortSignal) => resource.page(query, withSignal(own), own);
    const page = await (clock === undefined ? ask(signal) : withPatience(clock, pagePatienceMs, ask, signal));
    const metadata = memberOf(page, "metadata");
    const listed = memberOf(page, "items");
    const resourceVersion = textOf(memberOf(metadata, "resourceVersion"));
    if (!Array.isArray(listed) || resourceVersion === "") {
      throw new Error(`the answer is no list of ${resource.plural}`);
    }
    for (const item of listed) items.push(resource.prune(item));
    // client-node gives the field of custom objects as it is on the wire.
    next = textOf(memberOf(metadata, "_continue")) || textOf(memberOf(metadata, "continue")) || undefined;
    if (next === undefined) return { items, metadata: { resourceVersion } };
  }
}

/** The metadata that every pruned object keeps; what the object lacks is "". */
export function prunedMetadata(object: unknown) {
  const metadata = memberOf(object, "metadata");
  return {
    name: textOf(memberOf(metadata, "name")),
    resourceVersion: textOf(memberOf(metadata, "resourceVersion")),
  };
}

/** A map of texts; whatever else is in it is left out. */
export function textMapOf(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
