import type { IncomingMessage, ServerResponse } from "node:http";
import { type BreakableApi, sendObject } from "./breakable-api.js";
import type { ShiftingClock } from "./clock.js";
import type { FaultRow } from "./rows.js";

/** What a row may break: the API server of a webhook of its own. */
export interface ApiWorld {
  readonly api: BreakableApi;
  readonly clock: ShiftingClock;
}

export type ApiRow = FaultRow<ApiWorld>;

type Answer = (request: IncomingMessage, response: ServerResponse, sound: () => void) => void;

/** Longer than Secrets are remembered. */
const forgetMs = 6_000;
const mend = ({ api }: ApiWorld): Promise<void> => api.mend();
const answers =
  (request: Answer) =>
  async ({ api, clock }: ApiWorld): Promise<void> => {
    await api.break({ request });
    clock.pass(forgetMs);
  };
const status = (code: number, reason: string, headers: Readonly<Record<string, string>> = {}) =>
  answers((_request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    sendObject(response, code, { kind: "Status", reason, code, message: "not now" });
  });

const unreadable = {
  expected: { allowed: true, says: "PullSecretUnreadable" },
  lift: mend,
  does: "Images that need a Secret are unknown, with what stands in the way; images that need none are judged as ever.",
  recovers:
    "Secrets are asked for again a second later; watches are tried again after 1 to 30 seconds, refused ones each minute.",
};
const unnoticed = {
  expected: { allowed: true },
  does: "Asks for each account while no watch stands; answers are the same, only slower.",
  recovers: "Lists anew after a jittered wait and watches from there; what changed meanwhile is heard.",
};

export const apiRows: readonly ApiRow[] = [
  {
    fault: "API server down",
    inject: async ({ api, clock }) => {
      await api.break({ isDown: true });
      clock.pass(forgetMs);
    },
    ...unreadable,
  },
  {
    fault: "API server slow",
    inject: answers((_request, _response, sound) => void setTimeout(sound, 150)),
    lift: mend,
    ...unnoticed,
    does: "Waits: up to a second for a namespace's labels, until the deadline for Secrets.",
    recovers: "There is nothing to recover from.",
  },
  {
    fault: "API server hangs",
    inject: answers(() => undefined),
    timeoutMs: 10_000,
    ...unreadable,
  },
  {
    fault: "API server cuts every connection",
    inject: answers((request) => void request.socket.destroy()),
    ...unreadable,
  },
  {
    fault: "API server answers 429",
    inject: status(429, "TooManyRequests", { "retry-after": "1" }),
    ...unreadable,
  },
  { fault: "API server answers 500", inject: status(500, "InternalError"), ...unreadable },
  { fault: "API server answers 403: a right was taken away", inject: status(403, "Forbidden"), ...unreadable },
  {
    fault: "API server answers 401: the token is not valid any more",
    inject: status(401, "Unauthorized"),
    ...unreadable,
  },
  {
    fault: "something else answers for the API server (404 with HTML)",
    inject: answers((_request, response) => {
      response.writeHead(404, { "content-type": "text/html" }).end("<html>no such page</html>");
    }),
    ...unreadable,
  },
  {
    fault: "API server's answer is no JSON",
    inject: answers((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end("<html>");
    }),
    ...unreadable,
  },
  {
    fault: "watches are closed by the API server",
    inject: ({ api }) => api.endWatches(),
    lift: () => undefined,
    ...unnoticed,
  },
  {
    fault: "watches are cut",
    inject: ({ api }) => api.mend(),
    lift: () => undefined,
    ...unnoticed,
  },
  {
    fault: "watch has lost its place (410 Gone)",
    inject: ({ api }) => api.tell("ERROR", { kind: "Status", code: 410, reason: "Expired" }),
    lift: () => undefined,
    ...unnoticed,
  },
  {
    fault: "watch is refused with 410 Gone",
    inject: async ({ api }) => {
      const gone = { kind: "Status", code: 410, reason: "Expired" };
      await api.break({
        request: (request, response, sound) => {
          if (request.url?.includes("watch=") === true) sendObject(response, 410, gone);
          else sound();
        },
      });
    },
    lift: mend,
    ...unnoticed,
  },
  {
    fault: "watch falls silent, its connection half open",
    inject: ({ clock }) => clock.pass(200_000),
    lift: ({ api }) => api.endWatches(),
    ...unnoticed,
    does: "Does not believe a watch without a sign for 150 seconds, gives it up and asks for each account.",
  },
];
