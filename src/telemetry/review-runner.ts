import type { ReviewScope } from "./review-scope.js";
import type { TraceHeaders, Tracer } from "./tracer.js";

/** What of a review is told to others; admission's view of a request has this shape. */
export interface RunningReview {
  readonly uid: string;
  readonly operation: string;
  readonly kind: { readonly kind: string };
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
}

interface Answer {
  readonly response: { readonly allowed: boolean; readonly warnings?: readonly string[] };
}

/** Fits the server's port that surrounds reviews. */
export type RunReview = <A extends Answer>(
  review: { readonly request: RunningReview; readonly path: string; readonly headers: TraceHeaders },
  work: () => Promise<A>,
) => Promise<A>;

/**
 * Runs reviews where logs and spans find out for which one they are. Undefined where neither wants to know, so that a review
 * then costs nothing more.
 */
export function reviewRunner({ tracer, scope }: ReviewTelling): RunReview | undefined {
  if (tracer !== undefined) return tracedReviews(tracer);
  if (scope === undefined) return undefined;
  return ({ request }, work) => scope.run({ uid: request.uid }, work);
}

/** Who wants to know. `scope` alone: the log does, at debug level. */
export interface ReviewTelling {
  readonly tracer?: Tracer;
  readonly scope?: ReviewScope;
}

function tracedReviews(tracer: Tracer): RunReview {
  return ({ request, path, headers }, work) => {
    const { uid, operation, kind, namespace, name, dryRun } = request;
    const attributes = {
      "http.request.method": "POST",
      "http.route": path,
      "pullguard.review.uid": uid,
      "pullguard.review.operation": operation,
      "pullguard.review.kind": kind.kind,
      "pullguard.review.name": name === "" ? undefined : name,
      "pullguard.review.dry_run": dryRun,
      "k8s.namespace.name": namespace === "" ? undefined : namespace,
    };
    return tracer.review({ name: `POST ${path}`, uid, headers, kind: "server", attributes }, async (span) => {
      const answer = await work();
      const { allowed, warnings = [] } = answer.response;
      span.set({
        "http.response.status_code": 200,
        "pullguard.allowed": allowed,
        "pullguard.warnings": warnings.length,
      });
      return answer;
    });
  };
}
