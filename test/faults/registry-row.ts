import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { IssuedCertificate } from "../support/authority.js";
import { type BreakableRegistry, send } from "./breakable-registry.js";
import type { Breakage } from "./breakable-server.js";
import type { NameAnswer, Names } from "./names.js";
import type { FaultRow } from "./rows.js";

/** What a row may break: a registry of its own, its name, and the token server it sends clients to. */
export interface RegistryWorld {
  readonly registry: BreakableRegistry;
  readonly tokens: BreakableRegistry;
  readonly names: Names;
  readonly certificates: Readonly<Record<"expired" | "wrongName" | "stranger", IssuedCertificate>>;
}

export interface RegistryRow extends FaultRow<RegistryWorld> {
  /** How the registry asks who is there. */
  readonly auth?: "bearer";
}

type Answer = (request: IncomingMessage, response: ServerResponse, world: RegistryWorld) => void;

export const mend = ({ registry }: RegistryWorld): Promise<void> => registry.mend();
/** The registry answers for manifests in another way. */
export const manifests =
  (answer: Answer) =>
  (world: RegistryWorld): Promise<void> =>
    world.registry.break({
      request: (request, response, sound) => {
        if (request.url?.includes("/manifests/") === true) answer(request, response, world);
        else sound();
      },
    });
export const connections =
  (connection: NonNullable<Breakage["connection"]>) =>
  ({ registry }: RegistryWorld): Promise<void> =>
    registry.break({ connection });
/** Nothing is right before the first bytes have come. */
export const afterHello = (answer: (socket: Socket) => void) =>
  connections((socket) => socket.once("data", () => answer(socket)));
export const certificate =
  (which: keyof RegistryWorld["certificates"]) =>
  ({ registry, certificates }: RegistryWorld): Promise<void> =>
    registry.break({ certificate: certificates[which] });
export const named =
  (...answers: readonly NameAnswer[]) =>
  async ({ registry, names }: RegistryWorld): Promise<void> => {
    names.say(registry.host, ...answers);
    // Its connections are cut: over one that stands no name is needed.
    await registry.break({});
  };
export const rename = ({ registry, names }: RegistryWorld): void => names.forget(registry.host);
export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    send(request, response, code, "application/json", '{"errors":[{"code":"UNKNOWN"}]}');
  };
export const raw =
  (text: string): Answer =>
  (request) => {
    request.socket.end(text);
  };

export const unknownUntilMended = {
  does: "Reports the image as unknown; nobody is denied.",
  recovers: "An answer that failed is believed for 10 seconds, then the registry is asked again.",
};
export const untilDeadline = {
  timeoutMs: 6_000,
  does: "Waits until the deadline of the request, answers what is known by then and goes on with other registries.",
  recovers: "What was not found out is not remembered: the next request asks again.",
};
export const deniedWhileItLasts = {
  does: "Denies in mode deny: a node would fail in the same way.",
  recovers: "An answer that failed is believed for 10 seconds, then the registry is asked again.",
};

export const unknown = (says: string) => ({ allowed: true, says });
export const denied = (says: string) => ({ allowed: false, says });
