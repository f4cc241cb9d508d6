import { Client } from "undici";

/** How a server did under one load; times in milliseconds. */
export interface Load {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What is sent: the same body over and over, by each connection as soon as it has its answer. */
export interface LoadOrder {
  /** Each connection talks to the next of them. */
  readonly urls: readonly string[];
  readonly body: string;
  readonly connections: number;
  readonly forMs: number;
}

/**
 * Loads servers in a closed loop and times every request with more precision than the milliseconds of common tools.
 * @throws Error for an answer that is not 200
 */
export async function loadOnce({ urls, body, connections, forMs }: LoadOrder): Promise<Load> {
  const times: number[] = [];
  const clients = Array.from({ length: connections }, (_, index) => {
    const url = new URL(urls[index % urls.length] ?? "");
    return { path: `${url.pathname}${url.search}`, client: clientFor(url) };
  });
  // Handshakes are over before the first measurement.
  await Promise.all(clients.map(({ client, path }) => post(client, path, body)));
  const startMs = performance.now();
  await Promise.all(
    clients.map(async ({ client, path }) => {
      for (let now = startMs; now - startMs < forMs; ) {
        await post(client, path, body);
        const after = performance.now();
        times.push(after - now);
        now = after;
      }
    }),
  );
  const elapsedMs = performance.now() - startMs;
  await Promise.all(clients.map(({ client }) => client.close()));
  const sorted = Float64Array.from(times).sort();
  const share = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  return { requestsPerSecond: (times.length * 1000) / elapsedMs, p50Ms: share(0.5), p99Ms: share(0.99) };
}

/** One connection, whose certificate nobody vouches for. */
export function clientFor(url: URL): Client {
  return new Client(url.origin, { pipelining: 1, connect: { rejectUnauthorized: false } });
}

const headers = { "content-type": "application/json" };

/** The answer's text. @throws Error for an answer that is not 200 */
export async function post(client: Client, path: string, body: string): Promise<string> {
  const { statusCode, body: answer } = await client.request({ method: "POST", path, headers, body });
  const text = await answer.text();
  if (statusCode !== 200) throw new Error(`${path}: ${statusCode} ${text.slice(0, 200)}`);
  return text;
}
