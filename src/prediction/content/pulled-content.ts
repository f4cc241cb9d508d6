import type { RegistrySession } from "../../registry/index.js";
import { failureOf } from "../dialects/containerd/resolve.js";
import type { FailedAttempt, HostFailure, PullAttempt, PulledAttempt } from "../types.js";
import type { ContentAnswer, ContentChecker, ContentQuestion, KnownPart } from "./content-check.js";

/** What a check of blobs needs to know besides the attempt. */
export type ContentPlace = Omit<ContentQuestion, "image" | "session"> & { readonly session: RegistrySession };

/** What became of an attempt by a look at its content. `known`: as of a {@link ContentAnswer}. */
export interface LookedAt {
  readonly attempt: PullAttempt;
  readonly known: KnownPart;
}

/** An attempt whose manifest was read, judged by what the manifest lists. */
export async function withContent(
  checker: ContentChecker,
  attempt: PulledAttempt,
  place: ContentPlace,
  signal: AbortSignal,
): Promise<LookedAt> {
  const { image } = attempt;
  if (image === undefined) return { attempt, known: "nothing" };
  const answer = await checker.check({ ...place, image }, signal);
  if (answer.kind === "sound") return { attempt: { ...attempt, content: answer.content }, known: answer.known };
  return { attempt: unsound(attempt, image.config.digest, answer), known: "nothing" };
}

function unsound(
  attempt: PulledAttempt,
  configDigest: string,
  answer: Exclude<ContentAnswer, { kind: "sound" }>,
): PullAttempt {
  switch (answer.kind) {
    case "problem": {
      const doubt = answer.doubt === undefined ? {} : { doubt: answer.doubt };
      return { kind: "content", digest: attempt.digest, via: attempt.via, problem: answer.problem, ...doubt };
    }
    case "failed":
      return failedBy(answer, configDigest) ?? attempt;
  }
}

/** The first host's error is what a node reports. Refusals are doubted: the same host has just served the manifest. */
function failedBy({ answers }: Extract<ContentAnswer, { kind: "failed" }>, digest: string): FailedAttempt | undefined {
  const endpoint = `blobs/${digest}`;
  const failures = answers.flatMap(({ host, got }): readonly HostFailure[] => {
    const failure = failureOf(got, host, endpoint);
    if (failure?.kind === "next") return [failure.failure];
    return failure === undefined ? [{ host, reason: { kind: "not-found", object: endpoint } }] : [];
  });
  const [shown] = failures;
  if (shown === undefined) return undefined;
  const doubtful = failures.some(({ reason }) => reason.kind === "status" || reason.kind === "refused");
  const doubt = "it serves the manifest and refuses what the manifest lists, which a node may be given";
  return { kind: "failed", shown, failures, ...(doubtful ? { doubt } : {}) };
}
