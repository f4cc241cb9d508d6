import type { AnsweringRules, PingResult, RegistrySession } from "../../registry/index.js";

/** What the last ping of a host told. */
interface Told {
  readonly scheme: "https" | "http";
  readonly ping: PingResult;
}

/**
 * A session that remembers what each host answered to `/v2/`, and by that authorizes whatever says nothing of authorization
 * itself: blobs and tags, which the runtime asks for like manifests. Hosts that were not pinged are asked as before.
 */
export function pingedSession(session: RegistrySession, rules: AnsweringRules): RegistrySession {
  const told = new Map<string, Told>();
  return {
    async exchange(request, signal) {
      const { host, authorize } = request;
      if (authorize === "ping") {
        const got = await session.exchange(request, signal);
        if (got.kind === "response") {
          const challenges = got.status === 401 ? (got.ping?.challenges ?? []) : [];
          told.set(host.address, { scheme: host.scheme, ping: { place: got.ping?.place ?? "", challenges } });
        }
        return got;
      }
      const known = authorize === undefined ? told.get(host.address) : undefined;
      if (known === undefined) return await session.exchange(request, signal);
      const { scheme, ping } = known;
      return await session.exchange({ ...request, host: { ...host, scheme }, authorize: { ping, rules } }, signal);
    },
  };
}
