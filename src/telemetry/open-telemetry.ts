import {
  type Attributes,
  type Context,
  type Tracer as OtelTracer,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { visibleText } from "./redaction.js";
import type { ReviewScope } from "./review-scope.js";
import type { OpenSpan, SpanAttributes, SpanOrder, TraceHeaders, Tracer, TracingOptions } from "./tracer.js";

/** Spans that wait for the receiver: some two megabytes. More are dropped, and nobody waits for them. */
const maxQueued = 2048;
const batchSize = 512;
const batchDelayMs = 1000;
const exportTimeoutMs = 5000;
const patienceMs = 3000;
const maxValueLength = 512;

/** A tracer on OpenTelemetry, without any of its globals. */
export function createOpenTelemetryTracer(options: TracingOptions & { readonly scope: ReviewScope }): Tracer {
  const { scope, clock } = options;
  const provider = openProvider(options);
  const tracer = provider.getTracer("pullguard", options.version);

  const start = (name: string, order: SpanOrder, above: Context, startTime?: number): Span =>
    tracer.startSpan(name, { ...settingsOf(order), ...(startTime === undefined ? {} : { startTime }) }, above);

  return {
    within(name, order, work) {
      const current = scope.current();
      const linked = linkOf(order.linkedTo);
      const above = linked === undefined ? contextOf(current?.trace) : ROOT_CONTEXT;
      const span = startLinked(tracer, name, order, above, linked);
      const below = trace.setSpan(above, span);
      return scope.run({ uid: current?.uid ?? "", trace: below }, () => finished(span, work));
    },
    passed(name, order, { durationMs, failure }) {
      const above = scope.current()?.trace;
      if (above === undefined) return;
      const endMs = clock.nowMs();
      const span = start(name, order, contextOf(above), endMs - durationMs);
      if (failure !== undefined) markFailed(span, failure);
      span.end(endMs);
    },
    annotate(attributes) {
      trace.getSpan(contextOf(scope.current()?.trace))?.setAttributes(attributesOf(attributes));
    },
    here: () => scope.current()?.trace,
    review({ name, uid, headers, ...order }, work) {
      const above = remoteContext(headers);
      const span = start(name, order, above);
      return scope.run({ uid, trace: trace.setSpan(above, span) }, () => finished(span, work));
    },
    stop: async () => {
      // The exporter tries again and again; whoever stops has not that much time.
      const over = new AbortController();
      const sent = provider.shutdown().finally(() => over.abort());
      await Promise.race([sent, clock.sleep(patienceMs, over.signal)]).catch(() => undefined);
    },
  };
}

function openProvider({ endpoint, ratio, version, onExport }: TracingOptions): TracerProvider {
  const exporter = new OTLPTraceExporter({ url: tracesUrl(endpoint), timeoutMillis: exportTimeoutMs });
  return new TracerProvider({
    resource: resourceFromAttributes({ "service.name": "pullguard", "service.version": version }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanLimits: {
      attributeValueLengthLimit: maxValueLength,
      attributeCountLimit: 32,
      eventCountLimit: 8,
      linkCountLimit: 1,
    },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: told(exporter, onExport),
        maxQueueSize: maxQueued,
        maxExportBatchSize: batchSize,
        scheduledDelayMillis: batchDelayMs,
        exportTimeoutMillis: exportTimeoutMs,
      }),
    ],
  });
}

/** As the OTLP exporters of other languages do with a base URL. */
function tracesUrl(endpoint: string): string {
  const url = new URL(endpoint);
  if (url.pathname === "/") url.pathname = "/v1/traces";
  return url.href;
}

function told(exporter: SpanExporter, onExport: TracingOptions["onExport"]): SpanExporter {
  if (onExport === undefined) return exporter;
  return {
    export: (spans, done) =>
      exporter.export(spans, (outcome) => {
        // 0 is success in `ExportResultCode`, whose package is none of ours.
        const result = outcome.code === 0 ? "sent" : "lost";
        onExport({ result, spans: spans.length, ...(outcome.error === undefined ? {} : { error: outcome.error }) });
        done(outcome);
      }),
    shutdown: () => exporter.shutdown(),
  };
}

function startLinked(
  tracer: OtelTracer,
  name: string,
  order: SpanOrder,
  above: Context,
  linked: Context | undefined,
): Span {
  const from = linked === undefined ? undefined : trace.getSpanContext(linked);
  const links = from === undefined ? {} : { links: [{ context: from }] };
  return tracer.startSpan(name, { ...settingsOf(order), ...links }, above);
}

async function finished<T>(span: Span, work: (span: OpenSpan) => Promise<T>): Promise<T> {
  try {
    return await work({
      set: (attributes) => {
        span.setAttributes(attributesOf(attributes));
      },
      fail: (type) => markFailed(span, type),
    });
  } catch (error) {
    // The message may quote what was read; its kind is enough here, the log has the rest.
    markFailed(span, error instanceof Error ? error.name : typeof error);
    throw error;
  } finally {
    span.end();
  }
}

function markFailed(span: Span, type: string): void {
  span.setAttribute("error.type", visibleText(type));
  span.setStatus({ code: SpanStatusCode.ERROR });
}

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT } as const;

function settingsOf({ kind, attributes = {} }: SpanOrder) {
  return { kind: kind === undefined ? SpanKind.INTERNAL : kinds[kind], attributes: attributesOf(attributes) };
}

function attributesOf(given: SpanAttributes): Attributes {
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (typeof value === "string") attributes[name] = visibleText(value);
    else if (typeof value === "object") attributes[name] = value.map((text) => visibleText(text));
    else attributes[name] = value;
  }
  return attributes;
}

/** What a scope or a caller kept is only ever a context of ours. */
function contextOf(kept: unknown): Context {
  return linkOf(kept) ?? ROOT_CONTEXT;
}

function linkOf(kept: unknown): Context | undefined {
  return kept === undefined ? undefined : (kept as Context);
}

/**
 * The span that the API server is in, where it says so.
 * Source: W3C Trace Context, `traceparent`; a value of a version that is not known yet is read by its first fields.
 */
function remoteContext({ traceparent }: TraceHeaders): Context {
  const header = typeof traceparent === "string" ? traceparent : "";
  const found = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/.exec(header);
  if (found === null) return ROOT_CONTEXT;
  const [, version = "", traceId = "", spanId = "", flags = ""] = found;
  const isKnown = version !== "ff" && !(version === "00" && header.length !== 55);
  if (!isKnown || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return ROOT_CONTEXT;
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}
