import { z } from "zod";
import type { ImageReference } from "../reference/index.js";
import type { RegistrySession, RetryRules } from "../registry/index.js";
import { similarTags } from "./similar-tags.js";
import type { FailedAttempt, NotFoundHints } from "./types.js";

/** One page of tags; enough for a hint, never the whole list of a large repository. */
const tagsPage = 1000;
const maxTagsBytes = 256 * 1024;
const onlyOnce: RetryRules = { maxRequests: 3, serverErrorsOnLastHost: false };
const unknownHints: NotFoundHints = { repository: "unknown", similarTags: [] };

const tagList = z.object({ tags: z.array(z.string()).nullish() });

/**
 * For a tag that does not exist: one request that tells whether the repository does, and which tags look alike.
 * Spent only on the failing path, on the last host (the upstream), and never required: any trouble gives `unknown`.
 */
export async function withTagHints(
  attempt: FailedAttempt,
  reference: ImageReference,
  session: RegistrySession,
  signal: AbortSignal,
): Promise<FailedAttempt> {
  if (attempt.kind !== "failed" || attempt.shown.reason.kind !== "not-found" || reference.digest !== undefined)
    return attempt;
  return {
    ...attempt,
    hints: await readHints(attempt.failures.at(-1)?.host ?? attempt.shown.host, reference, session, signal),
  };
}

async function readHints(
  host: Parameters<RegistrySession["exchange"]>[0]["host"],
  reference: ImageReference,
  session: RegistrySession,
  signal: AbortSignal,
): Promise<NotFoundHints> {
  const answer = await session.exchange(
    {
      host,
      method: "GET",
      repository: host.repository ?? reference.path,
      endpoint: `tags/list?n=${tagsPage}`,
      accept: ["application/json"],
      maxBodyBytes: maxTagsBytes,
      isLastHost: false,
      retry: onlyOnce,
    },
    signal,
  );
  if (answer.kind !== "response") return unknownHints;
  if (answer.status === 404) return { repository: "missing", similarTags: [] };
  if (answer.status !== 200 || answer.body === undefined) return unknownHints;
  const tags = parseTags(answer.body);
  if (tags === undefined) return unknownHints;
  return { repository: "exists", similarTags: similarTags(reference.tag ?? "latest", tags) };
}

function parseTags(body: Uint8Array): readonly string[] | undefined {
  try {
    const tags = tagList.parse(JSON.parse(new TextDecoder().decode(body))).tags ?? [];
    // A registry may send more than it was asked for; each is compared letter by letter.
    return tags.slice(0, tagsPage);
  } catch {
    // A cut or foreign body is no reason to fail: the hint is a courtesy.
    return undefined;
  }
}
