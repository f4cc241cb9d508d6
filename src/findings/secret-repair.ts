import type { DiagnosisContext } from "./diagnosis.js";

/** Secrets that were given as files bear the file's name; a colon cannot be in the name of a Secret of a cluster. */
const filePrefix = "file:";

function isFile(name: string): boolean {
  return name.startsWith(filePrefix);
}

/** How people call a pull secret: `Secret shop/login`, or the path of the file it was given in. */
export function secretLabel(name: string, namespace: string): string {
  return isFile(name) ? name.slice(filePrefix.length) : `Secret ${namespace}/${name}`;
}

/** The command that makes a pull secret; user and password stay placeholders. `server` is the image's registry if absent. */
export function createSecret(
  name: string,
  { namespace, reference }: Pick<DiagnosisContext, "namespace" | "reference">,
  server = reference.domain,
): string {
  if (isFile(name)) return `docker login ${server}, with the file ${name.slice(filePrefix.length)} as its config.json`;
  return `kubectl create secret docker-registry ${name}${flag(namespace)} --docker-server=${server} --docker-username=<user> --docker-password=<password>`;
}

/** The commands that replace a pull secret by a sound one. */
export function recreateSecret(
  name: string,
  context: Pick<DiagnosisContext, "namespace" | "reference">,
  server?: string,
): string {
  const create = createSecret(name, context, server);
  return isFile(name)
    ? `Log in again: ${create}`
    : `kubectl delete secret ${name}${flag(context.namespace)} && ${create}`;
}

function flag(namespace: string): string {
  return namespace === "" ? "" : ` -n ${namespace}`;
}
