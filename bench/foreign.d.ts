// Packages without types of their own; only what the benchmark uses.

declare module "autocannon" {
  interface Options {
    readonly url: string;
    readonly method: "POST";
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly connections: number;
    /** Seconds. */
    readonly duration: number;
  }

  interface Result {
    /** Whole run in seconds. */
    readonly duration: number;
    readonly requests: { readonly total: number };
    /** Milliseconds. */
    readonly latency: { readonly p50: number; readonly p99: number };
    readonly errors: number;
    readonly timeouts: number;
    readonly non2xx: number;
  }

  function autocannon(options: Options): Promise<Result>;
  export = autocannon;
}

declare module "docker-registry-client" {
  import type { ClientRequest, IncomingMessage } from "node:http";

  interface RegistryClientV2 {
    readonly _url: string;
    readonly _headers: Readonly<Record<string, string>>;
    login(done: (error?: Error | null) => void): void;
    /** The client's own way to send a request; there is no public one for a manifest's HEAD. */
    _makeHttpRequest(
      options: { method: "head"; url: string; path: string; headers: Readonly<Record<string, string>> },
      done: (error: Error | null, request: ClientRequest, responses: readonly IncomingMessage[]) => void,
    ): void;
  }
}
