import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

type Json = Readonly<Record<string, unknown>>;

/** One object of the manifests with the file it stands in. */
export interface ManifestObject {
  readonly file: string;
  readonly kind: string;
  readonly name: string;
  readonly value: Json;
}

/** Every object of a folder's YAML files, the kustomization left out; duplicate keys and other faults throw. */
export function loadObjects(folder: string): readonly ManifestObject[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".yaml") && file !== "kustomization.yaml");
  return files.sort().flatMap((file) =>
    loadDocuments(join(folder, file)).map((value) => {
      const metadata = value.metadata as Json;
      return { file, kind: String(value.kind), name: String(metadata.name), value };
    }),
  );
}

/** Every document of one YAML file. */
export function loadDocuments(file: string): readonly Json[] {
  return parseAllDocuments(readFileSync(file, "utf8"), { uniqueKeys: true }).map((document) => {
    const [fault] = document.errors;
    if (fault !== undefined) throw fault;
    return document.toJS() as Json;
  });
}

/** The value under a path of keys and positions, or undefined: `at(pod, "spec", "containers", 0)`. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (found, key) =>
      typeof found === "object" && found !== null ? (found as Record<string | number, unknown>)[key] : undefined,
    value,
  );
}
