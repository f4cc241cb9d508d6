import type { TLSSocket } from "node:tls";
import type { HostTls, ProxyRules } from "../node/index.js";
import { servedChain } from "./certificate.js";
import type { RegistryDeps } from "./client.js";
import { dial } from "./dial.js";
import { createProxyChoice } from "./proxy-choice.js";
import { createTrustStore } from "./trust.js";
import type { ServedCertificate, TransportFault } from "./types.js";

/** Whose certificates to look at. `judges`: trust settings by which they shall be judged, one after the other. */
export interface ViewQuestion {
  /** `host[:port]`, as dialled; without a port it is 443. */
  readonly address: string;
  readonly judges: readonly HostTls[];
  readonly proxy?: ProxyRules;
  readonly dialTimeoutMs: number;
}

/** What a registry serves to somebody who trusts everything, and what each judge holds against it (undefined: nothing). */
export type RegistryView =
  | {
      readonly kind: "tls";
      /** `TLSv1.3`. */
      readonly protocol: string;
      /** Leaf first, in the order as served. */
      readonly chain: readonly ServedCertificate[];
      readonly verdicts: readonly (TransportFault | undefined)[];
    }
  | { readonly kind: "plain-http" }
  | { readonly kind: "fault"; readonly fault: TransportFault };

/**
 * Looks at a registry's certificates without asking it anything: one connection to see them and one for each judge.
 * Answers are values; nothing is thrown for what a registry does.
 */
export async function viewRegistry(
  deps: Omit<RegistryDeps, "observer" | "userAgent">,
  question: ViewQuestion,
  signal: AbortSignal,
): Promise<RegistryView> {
  const trusts = createTrustStore(deps.systemCaPems, deps.identityKey);
  const url = new URL(`https://${question.address}`);
  const proxy = createProxyChoice(deps.identityKey).proxyFor(question.proxy, url);
  const connect = (tls: HostTls) =>
    dial(
      deps,
      {
        hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
        port: url.port === "" ? 443 : Number(url.port),
        peer: url.host,
        trust: trusts.trustFor(tls),
        dialTimeoutMs: question.dialTimeoutMs,
        ...(proxy !== undefined && { proxy, proxyTrust: trusts.trustFor(question.judges.at(-1) ?? tls) }),
      },
      signal,
    );
  const [first] = question.judges;
  // A client certificate is offered as the node would: some servers end the handshake without one.
  const seen = await connect({ verify: false, extraCaPems: [], clientCertificates: first?.clientCertificates ?? [] });
  if (seen.kind === "fault") {
    return seen.fault.kind === "plain-http" ? { kind: "plain-http" } : seen;
  }
  // dial() gives a TLS socket wherever it was given trust.
  const socket = seen.socket as TLSSocket;
  const leaf = socket.getPeerX509Certificate();
  const chain = leaf === undefined ? [] : servedChain(leaf);
  const protocol = socket.getProtocol() ?? "TLS";
  socket.destroy();
  const verdicts: (TransportFault | undefined)[] = [];
  for (const judge of question.judges) {
    const judged = await connect({ ...judge, verify: true });
    if (judged.kind === "socket") judged.socket.destroy();
    verdicts.push(judged.kind === "fault" ? judged.fault : undefined);
  }
  return { kind: "tls", protocol, chain, verdicts };
}
