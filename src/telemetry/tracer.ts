import type { Clock } from "../core/index.js";
import type { ReviewScope } from "./review-scope.js";

/** What a span tells; those that are undefined are left out. Never a credential, a header or a body. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** A span that has not ended. */
export interface OpenSpan {
  set(attributes: SpanAttributes): void;
  /** Marks what the span stands for as failed. `type`: a word of a closed set, or the name of an error's class. */
  fail(type: string): void;
}

/** What a span is, besides its name. */
export interface SpanOrder {
  readonly kind?: "server" | "client";
  readonly attributes?: SpanAttributes;
  /** Where the span belongs if not below the current one: what {@link Tracer.here} gave. It begins a trace of its own with a link there. */
  readonly linkedTo?: unknown;
}

/** Spans of what is going on. Absent wherever nothing is traced: then nothing of this is loaded or called. */
export interface Tracer {
  /** Does work within a span that ends with it; a rejection marks it as failed and goes on. */
  within<T>(name: string, order: SpanOrder, work: (span: OpenSpan) => Promise<T>): Promise<T>;
  /** A span of something that is over: it took so long and ends now. Only below another one. */
  passed(name: string, order: SpanOrder, outcome: { readonly durationMs: number; readonly failure?: string }): void;
  /** Says more of the review that is being answered. */
  annotate(attributes: SpanAttributes): void;
  /** A place in a trace, to be linked to later; undefined outside. */
  here(): unknown;
  /** Runs a review's work within its own span, below the one that a `traceparent` header names. */
  review<T>(
    order: SpanOrder & { readonly name: string; readonly uid: string; readonly headers: TraceHeaders },
    work: (span: OpenSpan) => Promise<T>,
  ): Promise<T>;
  /** Sends what is waiting, for a few seconds at most. */
  stop(): Promise<void>;
}

/** The request's headers by lower-case name; those that tell of a trace are read. Source: W3C Trace Context. */
export type TraceHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Where spans go and which. `endpoint`: the URL of an OTLP/HTTP receiver, `/v1/traces` added where it has no path. `ratio`:
 * how many of the traces that begin here are kept, 0 to 1; those that come from elsewhere are kept as was decided there.
 */
export interface TracingOptions {
  readonly endpoint: string;
  readonly ratio: number;
  readonly version: string;
  readonly clock: Clock;
  readonly scope?: ReviewScope;
  /** Told how many spans were handed over or lost, batch by batch. */
  readonly onExport?: (outcome: {
    readonly result: "sent" | "lost";
    readonly spans: number;
    readonly error?: unknown;
  }) => void;
}
