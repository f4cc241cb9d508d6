declare module "docker-registry-client" {
  import type { IncomingMessage } from "node:http";

  /** A client for one repository; only what the tests use. */
  interface RegistryClientV2 {
    getManifest(
      options: { ref: string; maxSchemaVersion?: number },
      done: (error: Error | null, manifest: unknown, response: IncomingMessage, text: string) => void,
    ): void;
    close(): void;
  }

  export function createClientV2(options: {
    name: string;
    scheme?: "http" | "https";
    username?: string;
    password?: string;
  }): RegistryClientV2;

  export function digestFromManifestStr(text: string): string;
}
