import { Observable, type RequestContext, type ResponseContext } from "@kubernetes/client-node";

/** Options of one request of client-node by which `signal` gives the request up; `headers` replace those it would send. */
export function withSignal(signal: AbortSignal, headers: Readonly<Record<string, string>> = {}) {
  const middleware = {
    pre: (context: RequestContext) => {
      context.setSignal(signal);
      for (const [name, value] of Object.entries(headers)) context.setHeaderParam(name, value);
      return new Observable(Promise.resolve(context));
    },
    post: (context: ResponseContext) => new Observable(Promise.resolve(context)),
  };
  return { middleware: [middleware], middlewareMergeStrategy: "append" as const };
}
