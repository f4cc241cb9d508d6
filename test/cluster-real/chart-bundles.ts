import { request } from "node:https";
import type { KubeAccess } from "../support/kube/index.js";

/** Every version of what the API server is told to trust, as it was stored. */
export interface BundleHistory {
  /** The versions since the mark, the one in force at the mark among them; of each the bundle of every webhook, PEM. */
  since(): readonly (readonly string[])[];
  /** Forgets what was before the version now in force. */
  mark(): void;
  stop(): void;
}

interface WatchEvent {
  readonly object?: {
    readonly metadata?: { readonly name?: string };
    readonly webhooks?: readonly { readonly clientConfig?: { readonly caBundle?: string } }[];
  };
}

const path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations?watch=true";

/** Watches the ValidatingWebhookConfiguration `pullguard`: a watch leaves no version out. */
export function bundleHistory({ server, caPem, token }: KubeAccess): BundleHistory {
  let versions: (readonly string[])[] = [];
  let rest = "";
  const read = (chunk: Buffer): void => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const { object } = JSON.parse(line) as WatchEvent;
      if (object?.metadata?.name !== "pullguard") continue;
      const bundles = (object.webhooks ?? []).map(({ clientConfig }) => clientConfig?.caBundle ?? "");
      versions.push(bundles.map((bundle) => Buffer.from(bundle, "base64").toString()));
    }
  };
  const asked = request(
    new URL(path, server),
    { ca: caPem, headers: { authorization: `Bearer ${token}` } },
    (response) => {
      response.on("data", read);
      response.on("error", () => undefined);
    },
  );
  asked.on("error", () => undefined);
  asked.end();
  return {
    since: () => versions,
    mark: () => {
      versions = versions.slice(-1);
    },
    stop: () => {
      asked.destroy();
    },
  };
}
