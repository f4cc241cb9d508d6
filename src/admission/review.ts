import { z } from "zod";
import { PullguardError } from "../core/index.js";
import type { PatchOperation } from "../mutation/index.js";
import type { Decision } from "../policy/index.js";

/** Group, version and kind as the webhook was called for them (after conversion by `matchPolicy: Equivalent`). */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/**
 * What Pullguard reads of an AdmissionRequest. `object` and `oldObject` are handed on as parsed, neither copied nor
 * checked; `null` where absent. `subResource` is "" for the object itself. `operation` is a string because a value that
 * this version does not know must lead to an answer, not to a refusal.
 * Source: k8s.io/api/admission/v1 `AdmissionRequest`.
 */
export interface AdmissionRequestView {
  readonly uid: string;
  readonly operation: string;
  readonly kind: GroupVersionKind;
  readonly subResource: string;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  readonly object: unknown;
  readonly oldObject: unknown;
}

/** The body that answers an AdmissionReview v1. `warnings` and `status` are absent where they would be empty. */
export interface AdmissionAnswer {
  readonly apiVersion: "admission.k8s.io/v1";
  readonly kind: "AdmissionReview";
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly warnings?: readonly string[];
    /** The API server adds them to its audit log, each under the webhook's name: `images.pullguard.dev/findings`. */
    readonly auditAnnotations?: Readonly<Record<string, string>>;
    /** A JSON Patch in base64. */
    readonly patchType?: "JSONPatch";
    readonly patch?: string;
    readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
  };
}

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
const kubernetesObject = z
  .unknown()
  .refine((value) => value === undefined || value === null || isObject(value), { error: "must be an object or null" })
  .optional();

const reviewSchema = z.object({
  apiVersion: z.literal("admission.k8s.io/v1", {
    error: (issue) => mustBe("admission.k8s.io/v1", issue.input),
  }),
  kind: z.literal("AdmissionReview", { error: (issue) => mustBe("AdmissionReview", issue.input) }),
  request: z.object(
    {
      uid: z.string({ error: "must be a non-empty string" }).min(1, { error: "must be a non-empty string" }),
      operation: z.string({ error: "must be a string such as CREATE" }).min(1, { error: "must not be empty" }),
      kind: z.object(
        { group: text, version: text, kind: z.string({ error: "must be a string such as Pod" }) },
        { error: "must be an object with group, version and kind" },
      ),
      subResource: text,
      namespace: text,
      name: text,
      dryRun: z
        .boolean({ error: "must be true or false" })
        .nullish()
        .transform((value) => value ?? false),
      object: kubernetesObject,
      oldObject: kubernetesObject,
    },
    { error: "must be an object: this is no review that asks for an answer" },
  ),
});

/**
 * Reads the body of a webhook call. Unknown fields are ignored; the objects under review are not looked into.
 * @param body  the parsed JSON
 * @throws PullguardError `ReviewInvalid`, its message naming each wrong field by its path
 */
export function parseReview(body: unknown): AdmissionRequestView {
  if (!isObject(body)) {
    throw new PullguardError("ReviewInvalid", "the body is not a JSON object, expected an AdmissionReview");
  }
  const parsed = reviewSchema.safeParse(body);
  if (!parsed.success) {
    const faults = parsed.error.issues.slice(0, 4).map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new PullguardError("ReviewInvalid", `no valid AdmissionReview: ${faults.join("; ")}`);
  }
  const { request } = parsed.data;
  return { ...request, object: request.object ?? null, oldObject: request.oldObject ?? null };
}

/**
 * The response to one review. A denial carries code, reason and message; warnings go with either.
 * Source: k8s.io/api/admission/v1 `AdmissionResponse`.
 */
export function reviewAnswer(uid: string, decision: Decision): AdmissionAnswer {
  const { allowed, warnings, denial, audit } = decision;
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: {
      uid,
      allowed,
      ...(warnings.length > 0 ? { warnings } : {}),
      ...(audit === undefined ? {} : { auditAnnotations: { findings: JSON.stringify(audit) } }),
      ...(allowed || denial === undefined ? {} : { status: denial }),
    },
  };
}

/**
 * The response to one review that lets the object through, changed by a JSON Patch unless that is empty.
 * Source: k8s.io/api/admission/v1 `AdmissionResponse`.
 */
export function patchAnswer(
  uid: string,
  operations: readonly PatchOperation[],
  warnings: readonly string[],
): AdmissionAnswer {
  const { response, ...review } = reviewAnswer(uid, { allowed: true, warnings });
  if (operations.length === 0) return { ...review, response };
  const patch = Buffer.from(JSON.stringify(operations)).toString("base64");
  return { ...review, response: { ...response, patchType: "JSONPatch", patch } };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mustBe(wanted: string, given: unknown): string {
  return typeof given === "string"
    ? `must be ${wanted}, is ${JSON.stringify(given.slice(0, 64))}`
    : `must be ${wanted}`;
}
