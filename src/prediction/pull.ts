import { setMaxListeners } from "node:events";
import type { CredentialOrigin, RegistryCredential } from "../credentials/index.js";
import type { RegistryHost } from "../node/index.js";
import type { Platform } from "../oci/index.js";
import {
  type Exchange,
  isHeldBack,
  type RateLimits,
  type RegistryClient,
  type RegistrySession,
  type TransportFault,
} from "../registry/index.js";
import type { ContentChecker } from "./content/content-check.js";
import { type LookedAt, withContent } from "./content/pulled-content.js";
import type { AttemptRequest, PullDialect } from "./dialects/dialect.js";
import type { ImageMemory, ImagePlace } from "./memory/image-memory.js";
import { type ReadAhead, sharedReads } from "./read-ahead.js";
import { withTagHints } from "./tag-hints.js";
import type { FailedAttempt, PullAttempt, PulledAttempt, PullOutcome, PullQuestion } from "./types.js";

/** With what a question is put to the registries. */
export interface Pulling {
  readonly client: Pick<RegistryClient, "session">;
  readonly dialect: PullDialect;
  readonly platform: Platform | undefined;
  readonly rateLimits?: Pick<RateLimits, "isLow">;
  readonly images: ImageMemory;
  /** What images are remembered under that were read as somebody. */
  readonly placeFor: (credential: RegistryCredential | undefined) => ImagePlace;
  /** Told of each host before it is asked. */
  readonly onHost: (address: string) => void;
  /** Told that the outcome rests on a question that Pullguard held back itself. */
  readonly onHeldBack?: () => void;
  /** Told of what is known as soon as a manifest was read, for those who cannot wait; undefined takes it back. */
  readonly onManifest: (outcome: Extract<PullOutcome, { kind: "pulled" }> | undefined) => void;
  readonly ahead: ReadAhead;
  /** Absent: blobs are not looked at. */
  readonly content?: {
    readonly checker: ContentChecker;
    readonly scopeOf: (credential: RegistryCredential | undefined) => string;
  };
}

/** The kubelet's loop: one whole pull for each credential, in order, until one succeeds. */
export async function pullWithCredentials(
  pulling: Pulling,
  question: PullQuestion,
  signal: AbortSignal,
): Promise<PullOutcome> {
  const { reference } = question;
  const attempts: FailedAttempt[] = [];
  for (const [credentialIndex, credential] of question.credentials.entries()) {
    const pull = onePull(pulling, question, credential, signal);
    const attempt = await pull.attempt(credentialIndex).finally(pull.end);
    if (pull.held.why !== undefined) pulling.onHeldBack?.();
    if (attempt.kind === "pulled") {
      return { kind: "pulled", attempt, identity: identityOf(credential), credentialIndex };
    }
    const explained = await withTagHints(doubted(attempt, pull.held), reference, pull.session, signal);
    attempts.push(withOrigin(explained, credential?.origin));
    if (attempt.kind === "unfinished") break;
  }
  return { kind: "failed", attempts };
}

/** One pull as one identity: the manifest as the runtime finds it, then what it lists. */
function onePull(
  pulling: Pulling,
  { reference, hosts }: PullQuestion,
  credential: RegistryCredential | undefined,
  signal: AbortSignal,
) {
  const { client, dialect, platform, ahead } = pulling;
  const plain = watched(client.session(credential), pulling);
  const session = dialect.session?.(plain) ?? plain;
  const identity = identityOf(credential);
  const spares = ({ address }: RegistryHost): boolean => pulling.rateLimits?.isLow(address, identity) === true;
  const place = pulling.placeFor(credential);
  const manifests = {
    recall: (digest: string) => pulling.images.recall(place, digest),
    remember: (attempt: PulledAttempt) => pulling.images.remember(place, attempt, false),
  };
  const request = { reference, hosts, platform, session, manifests, spares };
  const held: Held = {};
  const lookThrough = (by: RegistrySession): Look => lookAt(pulling, { reference, hosts }, by, credential);
  const look = lookThrough(noting(session, held));
  const early = beginEarly(pulling, request, lookThrough(session), identity, signal);
  return {
    session,
    held,
    end: early.end,
    async attempt(credentialIndex: number): Promise<PullAttempt> {
      const attempt = await dialect.attempt({ ...request, session: noting(early.session, held) }, signal);
      if (attempt.kind !== "pulled") return attempt;
      // Which mirror it came from is no part of the answer; whether its blobs were looked at is.
      delete held.why;
      ahead.noteResolved(reference, identity);
      pulling.onManifest({ kind: "pulled", attempt, identity, credentialIndex });
      const looked = await look(attempt, signal);
      if (looked.attempt.kind !== "pulled") pulling.onManifest(undefined);
      else if (looked.known !== "nothing") pulling.images.remember(place, looked.attempt, looked.known === "all");
      return looked.attempt;
    },
  };
}

/** Why a question of this pull was not put to a registry. */
interface Held {
  why?: string;
}

function noting(session: RegistrySession, held: Held): RegistrySession {
  return {
    async exchange(request, signal) {
      const exchange = await session.exchange(request, signal);
      const told = faultOf(exchange);
      if (told !== undefined && isHeldBack(told)) held.why = told.message;
      return exchange;
    },
  };
}

function faultOf(exchange: Exchange): TransportFault | undefined {
  if (exchange.kind === "fault") return exchange.fault;
  return exchange.kind === "refused" && exchange.refusal.kind === "token-fault" ? exchange.refusal.fault : undefined;
}

/** A node asks all the same: what Pullguard did not ask, it may be told. */
function doubted(attempt: FailedAttempt, { why }: Held): FailedAttempt {
  if (why === undefined || (attempt.kind !== "failed" && attempt.kind !== "content")) return attempt;
  const isShown = attempt.kind === "failed" && attempt.shown.reason.kind === "fault";
  return { ...attempt, doubt: attempt.doubt ?? (isShown ? "so nothing is known of the image" : why) };
}

type Look = (attempt: PulledAttempt, signal: AbortSignal) => Promise<LookedAt>;

/** Judges what manifests list, from memory where that is fresh; nothing to do where blobs are not looked at. */
function lookAt(
  { content, dialect, platform, images, placeFor }: Pulling,
  { reference, hosts }: Pick<PullQuestion, "reference" | "hosts">,
  session: RegistrySession,
  credential: RegistryCredential | undefined,
): Look {
  if (content === undefined) return async (attempt) => ({ attempt, known: "nothing" });
  const rules = dialect.content;
  const scope = content.scopeOf(credential);
  const imagePlace = placeFor(credential);
  return async (attempt, signal) => {
    const known = images.contentOf(imagePlace, attempt);
    // As it is remembered already.
    if (known?.isFresh === true) return { attempt: known.attempt, known: "nothing" };
    const blobHosts = rules.blobHosts === "every" ? hosts : [attempt.via];
    const configRead = known === undefined ? {} : { configRead: known.attempt.content };
    const place = { hosts: blobHosts, repository: reference.path, session, platform, rules, scope, ...configRead };
    return await withContent(content.checker, attempt, place, signal);
  };
}

/**
 * Reads the manifest by its tag and begins to look at what it lists, beside the attempt, which finds under way what it
 * would only have begun. Where the two disagree the attempt's own reading counts, and the other was for nothing.
 */
function beginEarly(
  { content, dialect, ahead }: Pulling,
  request: AttemptRequest,
  look: Look,
  identity: string,
  signal: AbortSignal,
): { readonly session: RegistrySession; readonly end: () => void } {
  const [host] = request.hosts;
  const { session } = request;
  if (content === undefined || dialect.readAhead === undefined || host === undefined) {
    return { session, end: () => undefined };
  }
  const leave = ahead.begin(host);
  const release = ahead.claim(request.reference, host, identity);
  if (release === undefined) return { session, end: leave };
  const shared = sharedReads(session);
  const stop = new AbortController();
  // Every blob of the image waits on this one signal; Node warns from eleven listeners on.
  setMaxListeners(0, stop.signal);
  let isOver = false;
  let isDone = false;
  const cut = (): void => stop.abort(signal.reason);
  signal.addEventListener("abort", cut, { once: true });
  const read = async (readAhead: NonNullable<PullDialect["readAhead"]>): Promise<void> => {
    const image = await readAhead({ ...request, session: shared.ahead }, stop.signal);
    await shared.admitted;
    if (image === undefined || isOver) return;
    const { manifestDigest: digest } = image;
    await look({ kind: "pulled", digest, mediaType: "", via: host, image }, stop.signal);
  };
  const finish = (): void => {
    isDone = true;
    release();
    stop.abort();
  };
  // Begun after the attempt's own first request, which is to have the better connection.
  queueMicrotask(() =>
    read(dialect.readAhead ?? none)
      .catch(() => undefined)
      .finally(finish),
  );
  const end = (): void => {
    leave();
    isOver = true;
    signal.removeEventListener("abort", cut);
    shared.giveUp();
    // An answer that is about to come leaves its connection to the next request; breaking off would close it.
    if (!isDone) ahead.stopSoon(stop);
  };
  return { session: shared.attempt, end };
}

async function none(): Promise<undefined> {
  return undefined;
}

function identityOf(credential: RegistryCredential | undefined): string {
  return credential?.identity ?? "anonymous";
}

function withOrigin(attempt: FailedAttempt, origin: CredentialOrigin | undefined): FailedAttempt {
  if (origin === undefined || (attempt.kind !== "failed" && attempt.kind !== "content")) return attempt;
  return { ...attempt, credential: origin };
}

/** Remembers which host is being waited for, so that a deadline can name it, and which have answered. */
function watched(session: RegistrySession, { onHost, ahead }: Pulling): RegistrySession {
  return {
    async exchange(request, signal) {
      const { address } = request.host;
      if (request.ahead !== true) onHost(address);
      const got = await session.exchange(request, signal);
      if (got.kind === "response") ahead.noteAnswer(address);
      return got;
    },
  };
}
