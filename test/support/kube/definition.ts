import type { KubeObject } from "./client.js";

/** An object of any shape, for kinds of which a test only needs that they are known. */
export const anyShape = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

/**
 * The CustomResourceDefinition of somebody else's kind, with one version; cluster-wide where its name begins so.
 * @param schema  of the whole object, as openAPIV3Schema has it
 */
export function definitionOf(apiVersion: string, kind: string, schema: object): KubeObject {
  const [group = "", version = ""] = apiVersion.split("/");
  const singular = kind.toLowerCase();
  const plural = `${singular}s`;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: kind.startsWith("Cluster") ? "Cluster" : "Namespaced",
      names: { kind, listKind: `${kind}List`, plural, singular },
      versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
}
