import { Observable, type RequestContext, type ResponseContext } from "@kubernetes/client-node";

/** Options of one request of client-node by which `signal` gives the request up. */
export function withSignal(signal: AbortSignal) {
  const middleware = {
    pre: (context: RequestContext) => {
      context.setSignal(signal);
      return new Observable(Promise.resolve(context));
    },
    post: (context: ResponseContext) => new Observable(Promise.resolve(context)),
  };
  return { middleware: [middleware], middlewareMergeStrategy: "append" as const };
}
