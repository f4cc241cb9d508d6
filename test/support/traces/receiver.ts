import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

/** One received span, as tests look at it. */
export interface SpanView {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first one of a trace. */
  readonly parentSpanId: string;
  readonly kind: "internal" | "server" | "client" | "other";
  readonly isError: boolean;
  readonly durationMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
  /** Ids of the spans that it is linked to. */
  readonly links: readonly string[];
}

interface OtlpValue {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values: readonly OtlpValue[] };
}
type OtlpAttributes = readonly { readonly key: string; readonly value: OtlpValue }[];
interface OtlpSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly status?: { readonly code?: number };
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: OtlpAttributes;
  readonly links?: readonly { readonly spanId: string }[];
}
interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: OtlpAttributes };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

/** Receives OTLP/HTTP JSON on loopback while `use` runs, and gives back what came. */
export async function receivingTraces(use: (endpoint: string) => Promise<void>): Promise<readonly SpanView[]> {
  const spans: SpanView[] = [];
  const server = createServer(async (req, res) => {
    const fits =
      req.method === "POST" && req.url === "/v1/traces" && req.headers["content-type"] === "application/json";
    if (fits) spans.push(...viewsOf(JSON.parse(await bodyOf(req)) as OtlpRequest));
    res.writeHead(fits ? 200 : 400, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
  return spans;
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  return (req.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes).toString("utf8");
}

function viewsOf({ resourceSpans }: OtlpRequest): readonly SpanView[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map((span) => viewOf(span, valuesOf(resource.attributes)))),
  );
}

const kinds = ["other", "internal", "server", "client"] as const;

function viewOf(span: OtlpSpan, resource: SpanView["resource"]): SpanView {
  const { name, traceId, spanId, parentSpanId = "", kind, status, links = [] } = span;
  return {
    name,
    traceId,
    spanId,
    parentSpanId,
    kind: kinds[kind] ?? "other",
    isError: status?.code === 2,
    durationMs: Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6,
    attributes: valuesOf(span.attributes),
    resource,
    links: links.map((link) => link.spanId),
  };
}

function valuesOf(attributes: OtlpAttributes): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plainOf(value)]));
}

function plainOf({ stringValue, intValue, doubleValue, boolValue, arrayValue }: OtlpValue): unknown {
  if (arrayValue !== undefined) return arrayValue.values.map(plainOf);
  return stringValue ?? boolValue ?? doubleValue ?? Number(intValue);
}
