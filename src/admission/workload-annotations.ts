import type { Labels } from "../policy/index.js";

/** Where the template of Pods has its metadata, kind by kind; Pods inherit what is written there. */
const templates: readonly (readonly string[])[] = [
  ["spec", "template"],
  ["template"],
  ["spec", "jobTemplate", "spec", "template"],
];

/** The annotations of an object and of its template of Pods, the object's own first; only those with text. */
export function annotationsOf(object: unknown): Labels {
  const metadatas = [[], ...templates].map((path) => memberAt(object, [...path, "metadata", "annotations"]));
  const found: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const annotations of metadatas.reverse()) {
    if (typeof annotations !== "object" || annotations === null) continue;
    for (const [name, value] of Object.entries(annotations)) {
      if (typeof value === "string") found[name] = value;
    }
  }
  return found;
}

function memberAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, name) =>
      typeof at === "object" && at !== null && Object.hasOwn(at, name) ? Reflect.get(at, name) : undefined,
    value,
  );
}
