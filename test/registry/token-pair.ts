import type { Exchange } from "../../src/registry/index.js";
import {
  type Answer,
  clientWith,
  credential,
  headOf,
  type Loopback,
  listen,
  movableClock,
  registryHost,
  route,
  using,
} from "./loopback.js";

export const deadline = () => AbortSignal.timeout(8_000);
export const alice = credential("alice", "s3cret-Pa55");
export const plain = registryHost("reg.test", { scheme: "http" });
export const manifest = "/v2/team/app/manifests/v1";
export const scope = "repository:team/app:pull";

export function summary(result: Exchange): string {
  if (result.kind === "refused") return result.refusal.kind;
  return result.kind === "fault" ? result.fault.kind : String(result.status);
}

/** A registry that wants `Bearer good` and sends everyone else to `realm`. */
export const bearerRegistry =
  (
    challenge = `Bearer realm="http://auth.test/token",service="reg.test",scope="${scope}"`,
    accepted = "Bearer good",
  ): Answer =>
  (request, response) => {
    if (request.authorization === accepted) response.end();
    else response.writeHead(401, { "www-authenticate": challenge }).end();
  };

export const json =
  (body: unknown, status = 200): Answer =>
  (_request, response) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

export type Pair = { registry: Loopback; auth: Loopback };

export async function withPair(
  registry: Answer,
  auth: Answer,
  use: (pair: Pair, ask: Ask) => Promise<void>,
  clock = movableClock(),
) {
  const servers = { registry: await listen(registry), auth: await listen(auth) };
  const ports = { "reg.test": servers.registry.port, "auth.test": servers.auth.port };
  const client = clientWith({ clock, connectTo: route(ports) });
  const ask: Ask = (who = alice, changes = {}) =>
    client.session(who ?? undefined).exchange(headOf(plain, changes), deadline());
  await using([servers.registry, servers.auth, client], async () => await use(servers, ask));
}

export type Ask = (who?: typeof alice | null, changes?: Partial<Parameters<typeof headOf>[1]>) => Promise<Exchange>;
