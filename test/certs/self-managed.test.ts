import assert from "node:assert/strict";
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

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const names = ["pullguard.pullguard-system.svc", "pullguard"];
const validating = "ValidatingWebhookConfiguration pullguard";
const mutating = "MutatingWebhookConfiguration pullguard";

interface Replica {
  readonly name: string;
  readonly self: SelfManagedCertificates;
  readonly events: SelfManagedEvent[];
  lead(leads: boolean): void;
}

describe("self-managed certificates", () => {
  let clock: ReturnType<typeof fakeClock>;
  let cluster: FakeCluster;
  const replicas: Replica[] = [];
  beforeEach(() => {
    clock = fakeClock(Date.parse("2026-01-01T12:00:00Z"));
    cluster = new FakeCluster();
    cluster.holders.set(validating, ["", ""]);
  });
  afterEach(() => {
    for (const { self } of replicas.splice(0)) self.stop();
  });

  async function start(name: string, leads: boolean, lives?: CertificateLives): Promise<Replica> {
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
    replicas.push(replica);
    return replica;
  }

  async function until(holds: () => unknown): Promise<void> {
    while (!holds()) await nextTurn();
  }

  /** Lets everything happen that is to happen now; making a pair takes as long as making another one. */
  async function settle(rounds = 3): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      await makeServingCertificates({ names: ["barrier"], days: 1, clock });
      await nextTurn();
    }
  }

  const leaf = ({ self }: Replica): X509Certificate => new X509Certificate(self.current().certificatePem);
  const authorities = (pem: string | undefined): readonly X509Certificate[] =>
    (pem?.match(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----/g) ?? []).map((block) => new X509Certificate(block));
  const isTrusted = (replica: Replica): boolean =>
    [...cluster.holders.values()].flat().every((bundle) =>
      authorities(bundle).some(({ publicKey, validTo }) => {
        return leaf(replica).verify(publicKey) && Date.parse(validTo) > clock.nowMs();
      }),
    );
  const kinds = ({ events }: Replica) => events.map(({ kind }) => kind);

  it("are made once by whoever is first, served by all, and trusted by every webhook", async () => {
    cluster.holders.set(mutating, [""]);
    const [a, b, c] = await Promise.all([start("a", true), start("b", true), start("c", false)]);
    assert.match(a.self.notReady() ?? "", /no serving certificate yet/);
    await until(() => [a, b, c].every(({ self }) => self.notReady() === undefined));
    await settle();
    assert.equal(new Set([a, b, c].map((replica) => leaf(replica).fingerprint256)).size, 1);
    assert.ok([a, b, c].every(isTrusted));
    assert.equal(cluster.log.filter((line) => line.endsWith("wrote the Secret")).length, 1);
    assert.ok(!cluster.log.some((line) => line.startsWith("c ")));
    const certificate = leaf(a);
    assert.equal(certificate.checkHost("pullguard.pullguard-system.svc"), "pullguard.pullguard-system.svc");
    assert.ok(Date.parse(certificate.validFrom) <= clock.nowMs() - hourMs, "clocks that lag are tolerated");
    assert.ok(Math.abs(Date.parse(certificate.validTo) - clock.nowMs() - 90 * dayMs) < 1_001);
    assert.ok(!JSON.stringify([a.events, b.events]).includes("PRIVATE KEY"));
  });

  it("are renewed and rotated for years without a moment at which they are not trusted", async () => {
    const lives = { authorityMs: 24 * dayMs, servingMs: 6 * dayMs, publishedMs: dayMs };
    const [a, b] = [await start("a", true, lives), await start("b", false, lives)];
    await until(() => a.self.notReady() === undefined && b.self.notReady() === undefined);
    const signers = new Map<string, number>();
    const leaves = new Set<string>();
    for (let hour = 0; hour < 80 * 24; hour += 12) {
      clock.advance(12 * hourMs);
      await settle(1);
      for (const replica of [a, b]) {
        assert.ok(isTrusted(replica), `hour ${hour}: ${replica.name} is trusted`);
        assert.ok(Date.parse(leaf(replica).validTo) - clock.nowMs() > dayMs, "it is renewed in time");
        assert.equal(replica.self.notReady(), undefined);
      }
      leaves.add(leaf(a).fingerprint256);
      const bundle = authorities(cluster.holders.get(validating)?.[0]);
      assert.ok(bundle.length <= 2 && bundle.every(({ validTo }) => Date.parse(validTo) > clock.nowMs()));
      for (const { fingerprint256, publicKey } of bundle) {
        if (!signers.has(fingerprint256)) signers.set(fingerprint256, hour);
        const isNew = hour - (signers.get(fingerprint256) ?? 0) < 24 && signers.size > 1;
        assert.ok(!isNew || !leaf(a).verify(publicKey), "a new CA is known before it is needed");
      }
    }
    assert.ok(signers.size >= 4, `${signers.size} CAs`);
    assert.ok(leaves.size >= 14, `${leaves.size} certificates`);
    assert.ok(!kinds(a).includes("fault") && !kinds(b).includes("unusable"));
  });

  it("come back when the Secret is deleted: the pair at once, and a new CA once it is known", async () => {
    const [a, b] = [await start("a", true), await start("b", false)];
    await until(() => b.self.notReady() === undefined);
    await settle();
    const before = leaf(a).fingerprint256;
    cluster.setSecret(undefined);
    await until(() => cluster.values !== undefined);
    await settle();
    assert.ok(isTrusted(a) && isTrusted(b));
    assert.equal(leaf(b).fingerprint256, before);
    assert.equal(authorities(cluster.holders.get(validating)?.[0]).length, 2);
    clock.advance(60_000);
    await settle();
    clock.advance(60_000);
    await until(() => leaf(b).fingerprint256 !== before);
    assert.ok(isTrusted(a) && isTrusted(b));
  });

  const broken: readonly {
    readonly name: string;
    readonly spoil: (good: Record<string, string>) => object;
    readonly want: RegExp;
  }[] = [
    { name: "an empty Secret", spoil: () => ({}), want: /ca\.crt holds no CA.*tls\.crt is empty/ },
    {
      name: "a certificate that is none",
      spoil: (good) => ({ ...good, "tls.crt": "x" }),
      want: /tls\.crt holds no PEM/,
    },
    { name: "a key that is none", spoil: (good) => ({ ...good, "tls.key": "x" }), want: /tls\.key holds no PEM/ },
    {
      name: "the key of another",
      spoil: (good) => ({ ...good, "tls.key": good["ca.key"] }),
      want: /is not the key of tls\.crt/,
    },
    {
      name: "no key of the CA",
      spoil: ({ "ca.key": _, ...good }) => ({ ...good, "ca.key": "" }),
      want: /ca\.key is not the key of a CA/,
    },
    { name: "no CA", spoil: (good) => ({ ...good, "ca.crt": "" }), want: /ca\.crt holds no CA.*not signed by a CA/ },
    {
      name: "the CA as certificate",
      spoil: (good) => ({ ...good, "tls.crt": good["ca.crt"], "tls.key": good["ca.key"] }),
      want: /is not for pullguard/,
    },
  ];
  for (const { name, spoil, want } of broken) {
    for (const isKnown of [true, false]) {
      it(`are repaired after ${name}, by a leader that ${isKnown ? "has served" : "has just started"}`, async () => {
        const first = await start("a", true);
        await until(() => first.self.notReady() === undefined);
        await settle();
        const good = { ...cluster.values };
        const entries = spoil(good) as Record<string, string>;
        if (!isKnown) {
          first.self.stop();
          replicas.splice(0);
        }
        cluster.setSecret(entries);
        const leader = isKnown ? first : await start("b", true);
        await until(() =>
          leader.events.some((event) => event.kind === "written" && event.reason !== "there was no Secret"),
        );
        await settle();
        const reasons = leader.events.flatMap((event) =>
          event.kind === "unusable" || event.kind === "written" ? [event.reason] : [],
        );
        assert.match(reasons.at(-1) ?? "", want);
        await until(() => leader.self.notReady() === undefined);
        assert.ok(isTrusted(leader));
        clock.advance(61_000);
        await settle();
        clock.advance(61_000);
        await settle();
        assert.ok(isTrusted(leader));
      });
    }
  }

  it("are made anew for another name of the Service, by the same CA", async () => {
    const other = await start("a", true);
    await until(() => other.self.notReady() === undefined);
    const bundle = cluster.values?.["ca.crt"];
    other.self.stop();
    const self = await openSelfManaged({
      ...cluster.ports("b"),
      ...{
        leadership: { isLeader: () => true, onChange: () => () => undefined },
        names: ["guard.elsewhere.svc"],
        clock,
      },
    });
    await until(() => self.notReady() === undefined);
    assert.equal(
      new X509Certificate(self.current().certificatePem).checkHost("guard.elsewhere.svc"),
      "guard.elsewhere.svc",
    );
    assert.equal(cluster.values?.["ca.crt"], bundle);
    self.stop();
  });

  it("are repaired once the clock that made them in the future is right again", async () => {
    clock.advance(400 * dayMs);
    const first = await start("a", true);
    await until(() => first.self.notReady() === undefined);
    first.self.stop();
    clock = fakeClock(Date.parse("2026-01-01T12:00:00Z"));
    const second = await start("b", true);
    await until(() => second.self.notReady() === undefined);
    assert.ok(isTrusted(second));
    assert.ok(Date.parse(leaf(second).validFrom) < clock.nowMs());
  });

  it("heal a bundle that somebody blanked, and a webhook that somebody added", async () => {
    const a = await start("a", true);
    await until(() => a.self.notReady() === undefined);
    await settle();
    cluster.change(() => cluster.holders.set(validating, ["", "garbage", ""]));
    await until(() => isTrusted(a));
    assert.equal(cluster.holders.get(validating)?.length, 3);
    assert.equal(cluster.holders.get(validating)?.[1], cluster.values?.["ca.crt"]);
  });

  it("leave alone a bundle that is right, and whatever is not theirs to lead", async () => {
    const [a, b] = [await start("a", true), await start("b", false)];
    await until(() => a.self.notReady() === undefined);
    await settle();
    cluster.log.splice(0);
    clock.advance(20 * dayMs);
    await settle();
    assert.deepEqual(cluster.log, []);
    a.lead(false);
    cluster.change(() => cluster.holders.set(validating, [""]));
    await settle();
    assert.deepEqual(cluster.log, []);
    b.lead(true);
    await until(() => isTrusted(b));
    assert.deepEqual(cluster.log, [`b wrote ${validating}`]);
  });

  it("keep a CA that was there before for five minutes, while others may still serve by it", async () => {
    const foreign = await makeServingCertificates({ names, days: 100, clock });
    cluster.holders.set(validating, [foreign.caPem]);
    const a = await start("a", true);
    await until(() => a.self.notReady() === undefined && isTrusted(a));
    assert.equal(authorities(cluster.holders.get(validating)?.[0]).length, 2);
    for (let minute = 0; minute < 6; minute += 1) {
      clock.advance(60_001);
      await settle();
    }
    assert.equal(cluster.holders.get(validating)?.[0], cluster.values?.["ca.crt"]);
  });

  it("take over a pair that was installed by hand, and get their own CA known first", async () => {
    const given = await makeServingCertificates({ names, days: 100, clock });
    cluster.holders.set(validating, [given.caPem]);
    cluster.setSecret({ "tls.crt": given.certificatePem, "tls.key": given.keyPem.reveal(), "ca.crt": given.caPem });
    const a = await start("a", true);
    await until(() => a.self.notReady() === undefined);
    const before = leaf(a).fingerprint256;
    assert.equal(before, new X509Certificate(given.certificatePem).fingerprint256);
    await settle();
    assert.ok(isTrusted(a));
    clock.advance(60_000);
    await settle();
    clock.advance(60_000);
    await until(() => leaf(a).fingerprint256 !== before);
    assert.ok(isTrusted(a));
  });

  it("do not fight for ever with somebody who sets another bundle", async () => {
    const a = await start("a", true);
    await until(() => a.self.notReady() === undefined);
    for (let round = 0; round < 20; round += 1) {
      cluster.change(() => cluster.holders.set(validating, [""]));
      await settle();
    }
    assert.ok(cluster.log.filter((line) => line === `a wrote ${validating}`).length <= 6);
    assert.equal(kinds(a).filter((kind) => kind === "disputed").length, 1);
    clock.advance(61_000);
    await until(() => isTrusted(a));
  });

  it("are not made again once the webhook configurations have been removed", async () => {
    const a = await start("a", true);
    await until(() => a.self.notReady() === undefined);
    await settle();
    cluster.change(() => cluster.holders.clear());
    cluster.setSecret(undefined);
    await settle();
    clock.advance(10 * 60_000);
    await settle();
    assert.equal(cluster.values, undefined);
    cluster.change(() => cluster.holders.set(validating, [""]));
    await until(() => cluster.values !== undefined && isTrusted(a));
  });

  it("are there before the webhook configuration, in whatever order things are installed", async () => {
    cluster.holders.clear();
    const a = await start("a", true);
    await until(() => a.self.notReady() === undefined);
    cluster.change(() => cluster.holders.set(mutating, [""]));
    await until(() => isTrusted(a));
  });

  it("have a server wait, alive with a pair that nobody trusts, until the cluster can be asked", async () => {
    cluster.unreadable = "the API server is away";
    const a = await start("a", true);
    await settle();
    assert.equal(a.self.notReady(), "there is no serving certificate yet: the API server is away");
    assert.ok(leaf(a).checkHost("pullguard"));
    assert.equal(a.self.notAfterMs(), undefined);
    cluster.unreadable = undefined;
    cluster.writeFault = new Error("Pullguard has no permission to create secrets in pullguard-system (403)");
    cluster.change(() => undefined);
    for (let second = 0; second < 120; second += 5) {
      clock.advance(5_000);
      await settle();
    }
    const faults = a.events.filter(({ kind }) => kind === "fault");
    assert.ok(faults.length >= 4 && faults.length <= 12, `${faults.length} tries in two minutes`);
    cluster.writeFault = undefined;
    clock.advance(30_000);
    await until(() => a.self.notReady() === undefined);
  });

  it("are expired when their time is over and nobody renews them, and then the server is not ready", async () => {
    const a = await start("a", true);
    await until(() => a.self.notReady() === undefined);
    a.lead(false);
    clock.advance(91 * dayMs);
    assert.equal(a.self.notReady(), "the serving certificate has expired");
    a.lead(true);
    await until(() => a.self.notReady() === undefined);
  });
});
