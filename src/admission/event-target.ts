import { z } from "zod";
import type { AdmissionRequestView } from "./review.js";

/** The object that an Event is about. */
export interface EventTarget {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

const text = z.string().min(1);
const owner = z.object({
  apiVersion: text,
  kind: text,
  name: text,
  uid: text,
  controller: z.boolean().nullish(),
});
const objectSchema = z.object({
  apiVersion: text,
  kind: text,
  metadata: z.object({ name: text.nullish(), uid: text.nullish(), ownerReferences: z.array(owner).nullish() }),
});

/**
 * Whom an Event about a request's object is for: the controller that made the object, which exists, or else the object
 * itself, which has its name and uid by the time that validating webhooks are asked, though it is not stored yet.
 * Undefined where either is missing.
 */
export function eventTargetOf({ object, namespace }: AdmissionRequestView): EventTarget | undefined {
  const parsed = objectSchema.safeParse(object);
  if (!parsed.success || namespace === "") return undefined;
  const { apiVersion, kind, metadata } = parsed.data;
  const controller = metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (controller !== undefined) {
    const { name, uid } = controller;
    return { apiVersion: controller.apiVersion, kind: controller.kind, namespace, name, uid };
  }
  const { name, uid } = metadata;
  if (typeof name !== "string" || typeof uid !== "string") return undefined;
  return { apiVersion, kind, namespace, name, uid };
}
