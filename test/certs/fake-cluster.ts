import type { BundleHolder, BundlePort, CertificateSecret, CertificateSecretPort } from "../../src/certs/index.js";
import { Redacted } from "../../src/core/index.js";

type Values = Readonly<Record<string, string>>;

/** A Secret and webhook configurations that replicas share, as an API server would: whoever has an old version loses. */
export class FakeCluster {
  values: Values | undefined;
  readonly holders = new Map<string, string[]>();
  readonly log: string[] = [];
  /** Why nothing can be read; while it is set, what was read last stays. */
  unreadable: string | undefined;
  /** What every write rejects with. */
  writeFault: Error | undefined;
  #version = 0;
  #listeners = new Set<() => void>();

  /** Changes what there is, as somebody else would. */
  change(work: () => void): void {
    work();
    this.#version += 1;
    for (const listener of [...this.#listeners]) listener();
  }

  setSecret(values: Values | undefined): void {
    this.change(() => {
      this.values = values;
    });
  }

  ports(replica: string): { readonly secret: CertificateSecretPort; readonly bundles: BundlePort } {
    const onChange = (listener: () => void) => {
      this.#listeners.add(listener);
      return () => this.#listeners.delete(listener);
    };
    // As a watch: it is told of a change a moment later, and writes are made from what was told.
    let seen: { secret: CertificateSecret; holders: readonly BundleHolder[] | string } | undefined;
    let version = -1;
    const look = () => {
      if (version !== this.#version && this.unreadable === undefined) {
        version = this.#version;
        seen = { secret: this.#secret(), holders: this.#bundleHolders() };
      }
      return seen ?? { secret: { kind: "unknown", reason: this.unreadable ?? "" } as const, holders: "unknown" };
    };
    return {
      secret: {
        current: () => look().secret,
        onChange,
        write: async (before, values) => {
          await Promise.resolve();
          if (this.writeFault !== undefined) throw this.writeFault;
          const known = before.kind === "found" ? before.token : undefined;
          if (known !== this.values) return this.#note(`${replica} lost the Secret`, "lost");
          this.change(() => {
            this.values = { ...this.values, ...values.reveal() };
          });
          return this.#note(`${replica} wrote the Secret`, "written");
        },
      },
      bundles: {
        current: () => look().holders,
        onChange,
        write: async ({ name, token }, pem) => {
          await Promise.resolve();
          if (this.writeFault !== undefined) throw this.writeFault;
          const now = this.holders.get(name);
          if (now !== token || now === undefined) return this.#note(`${replica} lost ${name}`, "lost");
          this.change(() =>
            this.holders.set(
              name,
              now.map(() => pem),
            ),
          );
          return this.#note(`${replica} wrote ${name}`, "written");
        },
      },
    };
  }

  #secret(): CertificateSecret {
    if (this.values === undefined) return { kind: "absent" };
    return { kind: "found", values: new Redacted(this.values), token: this.values };
  }

  #bundleHolders(): readonly BundleHolder[] {
    return [...this.holders].map(([name, bundles]) => ({ name, bundles, token: bundles }));
  }

  #note<T>(line: string, outcome: T): T {
    this.log.push(line);
    return outcome;
  }
}
