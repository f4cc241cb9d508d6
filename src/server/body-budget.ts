import type { IncomingMessage, ServerResponse } from "node:http";
import { patchAnswer } from "../admission/index.js";
import { sendError, sendJson } from "./answers.js";

/** Bytes of reviews that are held at a time, from the first of their body to their answer. */
export class BodyBudget {
  readonly #maxBytes: number;
  #held = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get heldBytes(): number {
    return this.#held;
  }

  /** One review always fits. @returns whether there is room; then it must be given back */
  take(bytes: number): boolean {
    if (this.#held > 0 && this.#held + bytes > this.#maxBytes) return false;
    this.#held += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#held -= bytes;
  }
}

/** API servers write these members first, and nothing of the object under review comes before them. */
const reviewStart =
  /^\s*\{\s*"kind"\s*:\s*"AdmissionReview"\s*,\s*"apiVersion"\s*:\s*"admission\.k8s\.io\/v1"\s*,\s*"request"\s*:\s*\{\s*"uid"\s*:\s*"([\w.-]{1,128})"/;
const longestStart = 4096;

/**
 * Lets a review pass whose body there is no memory for: no more of it is kept than tells whom to answer. Where not even that
 * can be told the answer is 503, which is up to the webhook's `failurePolicy`.
 * Source: k8s.io/api/admission/v1 `AdmissionReview`, as encoding/json writes it: in the order of its fields.
 */
export function passUnread(req: IncomingMessage, res: ServerResponse, warning: string): Promise<void> {
  return new Promise((resolve) => {
    let start = "";
    const answer = (uid: string | undefined): void => {
      req.removeAllListeners("data");
      // Read to its end all the same, and thrown away, for the connection to serve again.
      req.resume();
      if (uid === undefined) sendError(res, 503, "Overloaded", "there is no memory left to read this review");
      else sendJson(res, 200, patchAnswer(uid, [], [warning]));
      resolve();
    };
    req.on("data", (chunk: Buffer) => {
      start += chunk.toString("latin1", 0, longestStart - start.length);
      const uid = reviewStart.exec(start)?.[1];
      if (uid !== undefined || start.length >= longestStart) answer(uid);
    });
    req.once("end", () => res.headersSent || answer(undefined));
    req.once("close", resolve);
  });
}
