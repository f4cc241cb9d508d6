import type { Exchange, ExchangeRequest, RegistrySession } from "../../src/registry/index.js";

/** `HEAD reg.test manifests/v1`, or without the method for either; `GET http://reg.test /` where it must be over http. */
export type Script = Readonly<Record<string, Exchange>>;

/** A registry session that answers from a script and remembers what it was asked; anything unscripted is a 404. */
export function scriptedSession(script: Script): RegistrySession & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    async exchange(request: ExchangeRequest): Promise<Exchange> {
      const question = `${request.host.address} ${request.endpoint}`;
      asked.push(`${request.method} ${question}`);
      const overHttp = request.host.scheme === "http" ? script[`${request.method} http://${question}`] : undefined;
      return overHttp ?? script[`${request.method} ${question}`] ?? script[question] ?? notFound(request);
    },
  };
}

function notFound(request: ExchangeRequest): Exchange {
  return {
    kind: "response",
    url: request.endpoint,
    method: request.method,
    status: 404,
    mediaType: "application/json",
    errors: [],
    authorization: "none",
    challenges: [],
  };
}
