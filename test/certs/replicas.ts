import { X509Certificate } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type CertificateLives,
  makeServingCertificates,
  openSelfManaged,
  type SelfManagedCertificates,
  type SelfManagedEvent,
} from "../../src/certs/index.js";
import { fakeClock } from "../support/builders.js";
import { FakeCluster } from "./fake-cluster.js";

/** DNS names of the server in these tests. */
export const names = ["pullguard.pullguard-system.svc", "pullguard"];
export const validating = "ValidatingWebhookConfiguration pullguard";

/** One process that serves from the Secret. */
export interface Replica {
  readonly name: string;
  readonly self: SelfManagedCertificates;
  readonly events: SelfManagedEvent[];
  lead(leads: boolean): void;
}

/** Replicas that share a cluster and a clock. */
export class ReplicaWorld {
  clock = fakeClock(Date.parse("2026-01-01T12:00:00Z"));
  readonly cluster = new FakeCluster();
  readonly #replicas: Replica[] = [];

  constructor() {
    this.cluster.holders.set(validating, ["", ""]);
  }

  stop(): void {
    for (const { self } of this.#replicas.splice(0)) self.stop();
  }

  async start(name: string, leads: boolean, lives?: CertificateLives): Promise<Replica> {
    const { cluster, clock } = this;
    const events: SelfManagedEvent[] = [];
    const listeners = new Set<(isLeader: boolean) => void>();
    let isLeader = leads;
    const leadership = {
      isLeader: () => isLeader,
      onChange: (listener: (leads: boolean) => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const self = await openSelfManaged({
      ...cluster.ports(name),
      ...{ leadership, names, clock, random: () => 1 },
      ...(lives === undefined ? {} : { lives }),
      onEvent: (event) => events.push(event),
    });
    const replica: Replica = {
      name,
      self,
      events,
      lead: (wanted) => {
        isLeader = wanted;
        for (const listener of listeners) listener(wanted);
      },
    };
    this.#replicas.push(replica);
    return replica;
  }

  /** Lets everything happen that is to happen now; making a pair takes as long as making another one. */
  async settle(rounds = 3): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      await makeServingCertificates({ names: ["barrier"], days: 1, clock: this.clock });
      await nextTurn();
    }
  }

  /** Whether every webhook would be called with a CA that is valid and signed what the replica serves. */
  isTrusted(replica: Replica): boolean {
    return [...this.cluster.holders.values()].flat().every((bundle) =>
      authorities(bundle).some(({ publicKey, validTo }) => {
        return leaf(replica).verify(publicKey) && Date.parse(validTo) > this.clock.nowMs();
      }),
    );
  }
}

/** What a replica serves. */
export function leaf({ self }: Replica): X509Certificate {
  return new X509Certificate(self.current().certificatePem);
}

/** The certificates of a PEM text. */
export function authorities(pem: string | undefined): readonly X509Certificate[] {
  return (pem?.match(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----/g) ?? []).map((block) => new X509Certificate(block));
}
