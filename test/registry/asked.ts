import assert from "node:assert/strict";
import type { RegistryHost } from "../../src/node/index.js";
import type { Exchange, RegistryResponse } from "../../src/registry/index.js";
import { type Answer, clientWith, headOf, listen, registryHost, route } from "./loopback.js";

export type Changes = Parameters<typeof headOf>[1];

export const deadline = () => AbortSignal.timeout(8_000);
export const plain = registryHost("reg.test", { scheme: "http" });
export const manifest = "/v2/team/app/manifests/v1";

export async function asked(answer: Answer, changes: Changes = {}, host: RegistryHost = plain) {
  const server = await listen(answer);
  const client = clientWith({ connectTo: route({ "reg.test": server.port, "cdn.test": server.port }) });
  try {
    const result = await client.session(undefined).exchange(headOf(host, changes), deadline());
    return { result, server };
  } finally {
    await client.close();
    await server.close();
  }
}

export function responseOf(result: Exchange): RegistryResponse {
  assert.equal(result.kind, "response", JSON.stringify(result));
  return result as RegistryResponse;
}

export function told(result: Exchange): string {
  if (result.kind === "response") return String(result.status);
  return result.kind === "fault" ? result.fault.kind : result.refusal.kind;
}
