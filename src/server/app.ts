import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { parse as parseQuery } from "node:querystring";
import express, { type Express, type Response } from "express";
import {
  type AdmissionAnswer,
  type AdmissionDeps,
  type AdmissionRequestView,
  admit,
  type MutateDeps,
  mutate,
  parseReview,
  patchAnswer,
  reviewConfig,
} from "../admission/index.js";
import { answerError, errorAnswers, methodNotAllowed, notFound, sendError, sendJson } from "./answers.js";
import { readJsonBody } from "./body.js";
import { BodyBudget, passUnread } from "./body-budget.js";
import type { CallerCheck } from "./client-certificates.js";
import { checkTimeMs, createDeadlines, type StartTimer } from "./deadline.js";
import type { Readiness } from "./readiness.js";
import { addStatus, type StatusSource } from "./statusz.js";

/** What the webhook's app is built from. */
export interface AppDeps {
  readonly admission: AdmissionDeps;
  /** Absent: nothing is ever changed. */
  readonly mutation?: MutateDeps;
  readonly readiness: Readiness;
  readonly metrics: MetricsSource;
  readonly startTimer: StartTimer;
  /** How late the event loop is, in milliseconds: reviews end so much earlier that their answers come in time all the same. */
  readonly lagMs?: () => number;
  /** Surrounds the work of every review; absent: nothing does. */
  readonly within?: ReviewRunner;
  /** The date, in milliseconds since the Unix epoch; by the admission's clock where absent. */
  readonly dateMs?: () => number;
  /** Hears of faults that no handler expected; the caller only sees a bare 500. */
  readonly onFault: (error: unknown) => void;
  /** Who may ask for reviews; everybody where absent. Probes and metrics are for everybody. */
  readonly callers?: { readonly check: CallerCheck; readonly onRefusal: (reason: string) => void };
  /** Largest body of a review, 3 MiB (the API server's own limit for a request) where absent. */
  readonly maxBodyBytes?: number;
  /** Bytes of reviews that may be held at a time, from the first of their body to their answer; 64 MiB where absent. */
  readonly maxHeldBytes?: number;
  /** A review was let through unread, because there was no memory for it. */
  readonly onShed?: (reason: "memory") => void;
}

/** Port: runs the work of a review where others can tell for which one it is. The answer is the work's own. */
export type ReviewRunner = (
  review: { readonly request: AdmissionRequestView; readonly path: string; readonly headers: IncomingHttpHeaders },
  work: () => Promise<AdmissionAnswer>,
) => Promise<AdmissionAnswer>;

const defaultMaxBodyBytes = 3 * 1024 * 1024;
/** Some thousands of usual reviews, or twenty of the largest. What is parsed takes a few times as much. */
const defaultMaxHeldBytes = 64 * 1024 * 1024;
const unreadWarning = "pullguard is overloaded, image not checked";

/**
 * The webhook: `POST /validate?timeout=7s`, `POST /mutate?timeout=7s`, `POST /validate-config` for Pullguard's own configuration,
 * `GET /livez`, `GET /readyz`, `GET /metrics`. A valid AdmissionReview always gets a valid AdmissionReview back, in time; everything else a JSON error.
 */
export function createApp(deps: AppDeps): RequestListener {
  const app = bareApp();
  const timeOf = rememberedTime();
  const dateMs = deps.dateMs ?? (() => deps.admission.clock.nowMs());
  const { lagMs, startTimer } = deps;
  const deadlines = createDeadlines({
    ...{ clock: deps.admission.clock, startTimer },
    ...(lagMs === undefined ? {} : { lagMs }),
  });
  const signalFor = (req: IncomingMessage): AbortSignal => deadlines.within(timeOf(req));
  const budget = new BodyBudget(deps.maxHeldBytes ?? defaultMaxHeldBytes);
  const validate: Handler = (req, res) =>
    review(deps, budget, req, res, (request) => admit(deps.admission, request, signalFor(req)));
  app.route("/validate").post(validate).all(methodNotAllowed("POST"));
  app
    .route("/mutate")
    .post((req, res) =>
      review(deps, budget, req, res, (request) =>
        deps.mutation === undefined ? patchAnswer(request.uid, [], []) : mutate(deps.mutation, request, signalFor(req)),
      ),
    )
    .all(methodNotAllowed("POST"));
  app
    .route("/validate-config")
    .post((req, res) => review(deps, undefined, req, res, (request) => reviewConfig(request, dateMs())))
    .all(methodNotAllowed("POST"));
  observability(app, deps.readiness, deps.metrics);
  app.use(notFound);
  app.use(errorAnswers(deps.onFault));
  return pastTheRouter(app, "/validate", validate, deps.onFault);
}

type Handler = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

/**
 * Nearly every request is a review, and finding its route would cost as much as answering it from memory: a POST whose path
 * is written just so is answered at once, everything else by the app, this path in other spellings among it.
 */
function pastTheRouter(
  app: Express,
  path: string,
  handler: Handler,
  onFault: (error: unknown) => void,
): RequestListener {
  const withQuery = `${path}?`;
  return (req, res) => {
    const { url = "" } = req;
    if (req.method === "POST" && (url === path || url.startsWith(withQuery)))
      handler(req, res).catch((error: unknown) => answerError(error, res, onFault));
    else app(req, res);
  };
}

/** Where metrics come from; telemetry's registry has this shape. */
export interface MetricsSource {
  readonly contentType: string;
  text(): Promise<string>;
}

/**
 * `GET /metrics`, `/livez` and `/readyz` for a plain http port that scrapers and probes may use without our CA, and
 * `/statusz` and `/audit` where there is something to tell.
 */
export function createMetricsApp(
  deps: Pick<AppDeps, "readiness" | "metrics" | "onFault"> & {
    readonly status?: StatusSource;
    readonly audit?: StatusSource;
  },
): Express {
  const app = bareApp();
  observability(app, deps.readiness, deps.metrics);
  if (deps.status !== undefined) addStatus(app, "/statusz", deps.status);
  if (deps.audit !== undefined) addStatus(app, "/audit", deps.audit);
  app.use(notFound);
  app.use(errorAnswers(deps.onFault));
  return app;
}

function observability(app: Express, readiness: Readiness, metrics: MetricsSource): void {
  app
    .route("/livez")
    .get((_req, res) => sendJson(res, 200, { status: "live" }))
    .all(methodNotAllowed("GET"));
  app
    .route("/readyz")
    .get((_req, res) => sendReadiness(res, readiness))
    .all(methodNotAllowed("GET"));
  app
    .route("/metrics")
    .get(async (_req, res) => {
      const text = await metrics.text();
      res.writeHead(200, { "content-type": metrics.contentType });
      res.end(text);
    })
    .all(methodNotAllowed("GET"));
}

function bareApp(): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", "simple");
  return app;
}

type AnswerTo = (request: AdmissionRequestView) => AdmissionAnswer | Promise<AdmissionAnswer>;

/** Whether the client may not ask; it has its answer then. */
function isRefused(callers: NonNullable<AppDeps["callers"]>, req: IncomingMessage, res: ServerResponse): boolean {
  const refusal = callers.check(req.socket);
  if (refusal === undefined) return false;
  callers.onRefusal(refusal);
  // Another connection may show another certificate.
  res.setHeader("connection", "close");
  sendError(res, 403, "ClientRefused", refusal);
  return true;
}

/** Answers one review. With a budget, memory is reserved for it until it is answered: one function, for each promise costs. */
async function review(
  deps: AppDeps,
  budget: BodyBudget | undefined,
  req: IncomingMessage,
  res: ServerResponse,
  answerTo: AnswerTo,
): Promise<void> {
  if (deps.callers !== undefined && isRefused(deps.callers, req, res)) return;
  const maxBytes = deps.maxBodyBytes ?? defaultMaxBodyBytes;
  const said = Number(req.headers["content-length"] ?? maxBytes);
  // What is larger, or no number, is refused without being kept.
  const bytes = budget !== undefined && said <= maxBytes ? said : 0;
  if (budget?.take(bytes) === false) {
    deps.onShed?.("memory");
    return await passUnread(req, res, unreadWarning);
  }
  try {
    const body = await readJsonBody(req, maxBytes);
    if (body.kind === "gone") return;
    if (body.kind === "refused") {
      sendError(res, body.status, body.code, body.message);
      return;
    }
    // A client that goes away ends nothing: what is found out by the deadline serves its next try.
    const request = parseReview(body.value);
    const answer = await (deps.within === undefined
      ? answerTo(request)
      : deps.within({ request, path: pathOf(req), headers: req.headers }, async () => answerTo(request)));
    if (res.destroyed) return;
    // A client with a kept-alive connection would go on using a server that wants to stop.
    if (deps.readiness.draining) res.setHeader("connection", "close");
    sendJson(res, 200, answer);
  } finally {
    budget?.give(bytes);
  }
}

function pathOf({ url = "" }: IncomingMessage): string {
  return url.split("?", 1)[0] ?? "";
}

/** An API server asks with the same URL all its life: reading the query anew costs more than the rest of the routing. */
function rememberedTime(): (req: IncomingMessage) => number {
  let url: string | undefined;
  let timeMs = 0;
  return (req) => {
    if (req.url !== url) {
      url = req.url;
      timeMs = checkTimeMs(parseQuery(url?.split("?", 2)[1] ?? "").timeout);
    }
    return timeMs;
  };
}

function sendReadiness(res: Response, readiness: Readiness): void {
  const faults = readiness.faults();
  if (faults.length === 0) {
    sendJson(res, 200, { status: "ready", checks: readiness.names });
    return;
  }
  sendJson(res, 503, { status: "not ready", reasons: faults });
}
