import type { Check } from "../src/check/index.js";
import { readWorkloads } from "../src/workload/index.js";
import { namespace, secretName } from "./engine.js";

/** Checks one image that must turn out pullable. */
export async function checkOne(check: Check, image: string): Promise<void> {
  await checkMany(check, [image]);
}

/** Checks the images of one Pod, each of which must turn out pullable. */
export async function checkMany(check: Check, images: readonly string[]): Promise<void> {
  const containers = images.map((image, index) => ({ name: `c${index}`, image, imagePullPolicy: "Always" }));
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace },
    spec: { containers, imagePullSecrets: [{ name: secretName }] },
  };
  const { findings } = await check({ workloads: readWorkloads(pod) }, AbortSignal.timeout(60_000));
  const wrong = findings.find(({ verdict }) => verdict !== "pullable");
  if (wrong !== undefined) throw new Error(`${wrong.image} is ${wrong.verdict}: ${wrong.message}`);
}
