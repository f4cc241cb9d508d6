import { type Fields, readObject } from "./fields.js";
import type { PodTemplatePath } from "./types.js";

/** A Pod template found in an object: its spec and where that stands. */
export interface FoundTemplate {
  readonly path: string;
  readonly spec: Fields | undefined;
}

/** No path of a real resource is deeper, and a list of lists multiplies. */
const maxSegments = 20;
const maxTemplates = 1000;

/**
 * Reads a path to a Pod template such as `spec.template`, `spec.workerGroupSpecs[*].template` (each entry of a list) or
 * `spec.replicaSpecs.*.template` (each member of an object).
 * @returns the segments, `[*]` and `*` among them; undefined for anything else
 */
export function parsePodTemplatePath(text: string): readonly string[] | undefined {
  if (!/^[A-Za-z_][\w-]*(?:\[\*\]|\.(?:\*|[A-Za-z_][\w-]*))*$/.test(text)) return undefined;
  const segments = text.match(/\[\*\]|\*|[\w-]+/g) ?? [];
  return segments.length > maxSegments ? undefined : segments;
}

/** Every Pod template that a path leads to; parts that the object lacks lead nowhere. */
export function templatesAt(object: Fields, { path }: PodTemplatePath): readonly FoundTemplate[] {
  let found: readonly { readonly path: string; readonly value: unknown }[] = [{ path: "", value: object }];
  for (const segment of path) {
    found = found.flatMap((at) => step(at, segment)).slice(0, maxTemplates);
  }
  return found.flatMap(({ path: at, value }) => {
    const template = readObject(value, at);
    return template === undefined ? [] : [{ path: `${at}.spec`, spec: readObject(template.spec, `${at}.spec`) }];
  });
}

function step({ path, value }: { readonly path: string; readonly value: unknown }, segment: string) {
  if (segment === "[*]") {
    if (!Array.isArray(value)) return [];
    return value.map((entry: unknown, index) => ({ path: `${path}[${index}]`, value: entry }));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  const members = segment === "*" ? Object.keys(value) : Object.hasOwn(value, segment) ? [segment] : [];
  return members.map((member) => ({
    path: path === "" ? member : `${path}.${member}`,
    value: Reflect.get(value, member) as unknown,
  }));
}
