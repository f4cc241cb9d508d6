import { type Client, credentials, loadPackageDefinition, type ServiceError, status } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** What a runtime made of one pull. `pending`: it had neither pulled nor failed when the deadline came. */
export type PullResult =
  | { readonly outcome: "pulled"; readonly imageId: string }
  | { readonly outcome: "failed"; readonly code: string; readonly message: string }
  | { readonly outcome: "pending" };

/** User and password as a kubelet puts them into PullImage. */
export interface PullCredential {
  readonly username: string;
  readonly password: string;
}

/** A client of a runtime's CRI socket, as small as pulling needs. */
export interface CriClient {
  /** `containerd 1.6.20`. Rejects while nobody answers on the socket. */
  version(): Promise<string>;
  pull(image: string, credential: PullCredential | undefined, deadlineMs: number): Promise<PullResult>;
  list(): Promise<readonly string[]>;
  remove(imageId: string): Promise<void>;
  close(): void;
}

type Callback = (error: ServiceError | null, answer: Record<string, unknown>) => void;
type Method = (request: unknown, options: { readonly deadline: number }, callback: Callback) => void;
type Service = new (address: string, channelCredentials: ReturnType<typeof credentials.createInsecure>) => Client;

/** Where the messages are described; tests run from the repository root. */
const protoPath = "test/support/real/cri.proto";

function call(client: Client, name: string, request: unknown, deadlineMs: number): Promise<Record<string, unknown>> {
  const method = (client as unknown as Record<string, Method>)[name];
  if (method === undefined) throw new Error(`no such CRI method: ${name}`);
  return new Promise((resolve, reject) => {
    method.call(client, request, { deadline: Date.now() + deadlineMs }, (error, answer) => {
      if (error === null) resolve(answer);
      else reject(error);
    });
  });
}

function resultOf(error: unknown, elapsedMs: number, deadlineMs: number): PullResult {
  const { code, details } = error as ServiceError;
  // The runtime has timeouts of its own with the same code; only our own deadline means that it was still trying.
  if (code === status.DEADLINE_EXCEEDED && elapsedMs >= deadlineMs - 50) return { outcome: "pending" };
  return { outcome: "failed", code: status[code] ?? String(code), message: details };
}

/** A client for the runtime that listens on this UNIX socket. Connects on first use. */
export function createCriClient(socketPath: string): CriClient {
  const loaded = loadPackageDefinition(loadSync(protoPath, { keepCase: true })) as unknown as {
    runtime: { v1: { ImageService: Service; RuntimeService: Service } };
  };
  const { ImageService, RuntimeService } = loaded.runtime.v1;
  const images = new ImageService(`unix://${socketPath}`, credentials.createInsecure());
  const runtime = new RuntimeService(`unix://${socketPath}`, credentials.createInsecure());
  const shortMs = 10_000;
  return {
    async version() {
      const answer = await call(runtime, "Version", {}, shortMs);
      return `${String(answer.runtime_name)} ${String(answer.runtime_version)}`;
    },
    async pull(image, credential, deadlineMs) {
      const startedMs = Date.now();
      const request = { image: { image }, ...(credential === undefined ? {} : { auth: credential }) };
      try {
        const answer = await call(images, "PullImage", request, deadlineMs);
        return { outcome: "pulled", imageId: String(answer.image_ref) };
      } catch (error) {
        return resultOf(error, Date.now() - startedMs, deadlineMs);
      }
    },
    async list() {
      const answer = await call(images, "ListImages", {}, shortMs);
      return ((answer.images ?? []) as readonly { readonly id: string }[]).map((image) => image.id);
    },
    async remove(imageId) {
      await call(images, "RemoveImage", { image: { image: imageId } }, shortMs);
    },
    close() {
      images.close();
      runtime.close();
    },
  };
}
