import type { Clock } from "../core/index.js";
import type { RegistryHost } from "../node/index.js";
import { fault } from "./fault.js";
import { baseOf } from "./host-names.js";
import type { Pauses } from "./pauses.js";
import { retryAfter } from "./response.js";
import type { TransportFault } from "./types.js";
import type { VisitDeps } from "./visit.js";

/** Who asks, and how. */
export interface Sender {
  readonly send: VisitDeps["send"];
  readonly pauses: Pauses;
  readonly clock: Clock;
  readonly identity: string;
}

/** How one sender asks a host that may want to be left alone by it; a token server speaks for its registry. */
export function pausable(
  { send, pauses, clock, identity }: Sender,
  host: RegistryHost,
): Required<Pick<VisitDeps, "send" | "isPaused">> {
  const registry = registryOf(host);
  return {
    send: async (request, signal) => {
      const sent = await send(request, signal);
      if (sent.kind === "answer" && sent.status === 429) {
        pauses.note(registry, identity, retryAfter(sent.header("retry-after"), clock) ?? 0);
      }
      return sent;
    },
    isPaused: () => pauses.untilMs(registry, identity) !== undefined,
  };
}

/** Why this sender does not ask the host now; undefined where it may. */
export function pausedFault(
  pauses: Pauses,
  host: RegistryHost,
  identity: string,
  clock: Clock,
): TransportFault | undefined {
  const registry = registryOf(host);
  const untilMs = pauses.untilMs(registry, identity);
  if (untilMs === undefined) return undefined;
  const seconds = Math.ceil((untilMs - clock.nowMs()) / 1000);
  return fault("paused", registry, `it limits the rate of requests and asked to be left alone, for ${seconds} s more`);
}

/** As it is called in URLs, without the usual port. */
function registryOf(host: RegistryHost): string {
  return baseOf(host)?.host ?? host.address;
}
