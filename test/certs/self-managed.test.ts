import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { makeServingCertificates, openSelfManaged } from "../../src/certs/index.js";
import { fakeClock } from "../support/builders.js";
import { until } from "../support/until.js";
import { authorities, leaf, names, type Replica, ReplicaWorld, validating } from "./replicas.js";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const mutating = "MutatingWebhookConfiguration pullguard";

const kinds = ({ events }: Replica) => events.map(({ kind }) => kind);

describe("self-managed certificates", () => {
  let world: ReplicaWorld;
  beforeEach(() => {
    world = new ReplicaWorld();
  });
  afterEach(() => world.stop());

  it("are made once by whoever is first, served by all, and trusted by every webhook", async () => {
    world.cluster.holders.set(mutating, [""]);
    const [a, b, c] = await Promise.all([world.start("a", true), world.start("b", true), world.start("c", false)]);
    assert.match(a.self.notReady() ?? "", /no serving certificate yet/);
    await until(() => [a, b, c].every(({ self }) => self.notReady() === undefined));
    await world.settle();
    assert.equal(new Set([a, b, c].map((replica) => leaf(replica).fingerprint256)).size, 1);
    assert.ok([a, b, c].every((replica) => world.isTrusted(replica)));
    assert.equal(world.cluster.log.filter((line) => line.endsWith("wrote the Secret")).length, 1);
    assert.ok(!world.cluster.log.some((line) => line.startsWith("c ")));
    const certificate = leaf(a);
    assert.equal(certificate.checkHost("pullguard.pullguard-system.svc"), "pullguard.pullguard-system.svc");
    assert.ok(Date.parse(certificate.validFrom) <= world.clock.nowMs() - hourMs, "clocks that lag are tolerated");
    assert.ok(Math.abs(Date.parse(certificate.validTo) - world.clock.nowMs() - 90 * dayMs) < 1_001);
    assert.ok(!JSON.stringify([a.events, b.events]).includes("PRIVATE KEY"));
  });

  it("are renewed and rotated for years without a moment at which they are not trusted", async () => {
    const lives = { authorityMs: 24 * dayMs, servingMs: 6 * dayMs, publishedMs: dayMs };
    const [a, b] = [await world.start("a", true, lives), await world.start("b", false, lives)];
    await until(() => a.self.notReady() === undefined && b.self.notReady() === undefined);
    const signers = new Map<string, number>();
    const leaves = new Set<string>();
    for (let hour = 0; hour < 62 * 24; hour += 12) {
      world.clock.advance(12 * hourMs);
      await world.settle(1);
      for (const replica of [a, b]) {
        assert.ok(world.isTrusted(replica), `hour ${hour}: ${replica.name} is trusted`);
        assert.ok(Date.parse(leaf(replica).validTo) - world.clock.nowMs() > dayMs, "it is renewed in time");
        assert.equal(replica.self.notReady(), undefined);
      }
      leaves.add(leaf(a).fingerprint256);
      const bundle = authorities(world.cluster.holders.get(validating)?.[0]);
      assert.ok(bundle.length <= 2 && bundle.every(({ validTo }) => Date.parse(validTo) > world.clock.nowMs()));
      for (const { fingerprint256, publicKey } of bundle) {
        if (!signers.has(fingerprint256)) signers.set(fingerprint256, hour);
        const isNew = hour - (signers.get(fingerprint256) ?? 0) < 24 && signers.size > 1;
        assert.ok(!isNew || !leaf(a).verify(publicKey), "a new CA is known before it is needed");
      }
    }
    assert.ok(signers.size >= 3, `${signers.size} CAs`);
    assert.ok(leaves.size >= 11, `${leaves.size} certificates`);
    assert.ok(!kinds(a).includes("fault") && !kinds(b).includes("unusable"));
  }).timeout(60_000);

  it("come back when the Secret is deleted: the pair at once, and a new CA once it is known", async () => {
    const [a, b] = [await world.start("a", true), await world.start("b", false)];
    await until(() => b.self.notReady() === undefined);
    await world.settle();
    const before = leaf(a).fingerprint256;
    world.cluster.setSecret(undefined);
    await until(() => world.cluster.values !== undefined);
    await world.settle();
    assert.ok(world.isTrusted(a) && world.isTrusted(b));
    assert.equal(leaf(b).fingerprint256, before);
    assert.equal(authorities(world.cluster.holders.get(validating)?.[0]).length, 2);
    world.clock.advance(60_000);
    await world.settle();
    world.clock.advance(60_000);
    await until(() => leaf(b).fingerprint256 !== before);
    assert.ok(world.isTrusted(a) && world.isTrusted(b));
  });

  it("are made anew for another name of the Service, by the same CA", async () => {
    const other = await world.start("a", true);
    await until(() => other.self.notReady() === undefined);
    const bundle = world.cluster.values?.["ca.crt"];
    other.self.stop();
    const self = await openSelfManaged({
      ...world.cluster.ports("b"),
      ...{
        leadership: { isLeader: () => true, onChange: () => () => undefined },
        names: ["guard.elsewhere.svc"],
        clock: world.clock,
      },
    });
    await until(() => self.notReady() === undefined);
    assert.equal(
      new X509Certificate(self.current().certificatePem).checkHost("guard.elsewhere.svc"),
      "guard.elsewhere.svc",
    );
    assert.equal(world.cluster.values?.["ca.crt"], bundle);
    self.stop();
  });

  it("are repaired once the clock that made them in the future is right again", async () => {
    world.clock.advance(400 * dayMs);
    const first = await world.start("a", true);
    await until(() => first.self.notReady() === undefined);
    first.self.stop();
    world.clock = fakeClock(Date.parse("2026-01-01T12:00:00Z"));
    const second = await world.start("b", true);
    await until(() => second.self.notReady() === undefined);
    assert.ok(world.isTrusted(second));
    assert.ok(Date.parse(leaf(second).validFrom) < world.clock.nowMs());
  });

  it("heal a bundle that somebody blanked, and a webhook that somebody added", async () => {
    const a = await world.start("a", true);
    await until(() => a.self.notReady() === undefined);
    await world.settle();
    world.cluster.change(() => world.cluster.holders.set(validating, ["", "garbage", ""]));
    await until(() => world.isTrusted(a));
    assert.equal(world.cluster.holders.get(validating)?.length, 3);
    assert.equal(world.cluster.holders.get(validating)?.[1], world.cluster.values?.["ca.crt"]);
  });

  it("leave alone a bundle that is right, and whatever is not theirs to lead", async () => {
    const [a, b] = [await world.start("a", true), await world.start("b", false)];
    await until(() => a.self.notReady() === undefined);
    await world.settle();
    world.cluster.log.splice(0);
    world.clock.advance(20 * dayMs);
    await world.settle();
    assert.deepEqual(world.cluster.log, []);
    a.lead(false);
    world.cluster.change(() => world.cluster.holders.set(validating, [""]));
    await world.settle();
    assert.deepEqual(world.cluster.log, []);
    b.lead(true);
    await until(() => world.isTrusted(b));
    assert.deepEqual(world.cluster.log, [`b wrote ${validating}`]);
  });

  it("keep a CA that was there before for five minutes, while others may still serve by it", async () => {
    const foreign = await makeServingCertificates({ names, days: 100, clock: world.clock });
    world.cluster.holders.set(validating, [foreign.caPem]);
    const a = await world.start("a", true);
    await until(() => a.self.notReady() === undefined && world.isTrusted(a));
    assert.equal(authorities(world.cluster.holders.get(validating)?.[0]).length, 2);
    for (let minute = 0; minute < 6; minute += 1) {
      world.clock.advance(60_001);
      await world.settle();
    }
    assert.equal(world.cluster.holders.get(validating)?.[0], world.cluster.values?.["ca.crt"]);
  });

  it("take over a pair that was installed by hand, and get their own CA known first", async () => {
    const given = await makeServingCertificates({ names, days: 100, clock: world.clock });
    world.cluster.holders.set(validating, [given.caPem]);
    world.cluster.setSecret({
      "tls.crt": given.certificatePem,
      "tls.key": given.keyPem.reveal(),
      "ca.crt": given.caPem,
    });
    const a = await world.start("a", true);
    await until(() => a.self.notReady() === undefined);
    const before = leaf(a).fingerprint256;
    assert.equal(before, new X509Certificate(given.certificatePem).fingerprint256);
    await world.settle();
    assert.ok(world.isTrusted(a));
    world.clock.advance(60_000);
    await world.settle();
    world.clock.advance(60_000);
    await until(() => leaf(a).fingerprint256 !== before);
    assert.ok(world.isTrusted(a));
  });

  it("do not fight for ever with somebody who sets another bundle", async () => {
    const a = await world.start("a", true);
    await until(() => a.self.notReady() === undefined);
    for (let round = 0; round < 20; round += 1) {
      world.cluster.change(() => world.cluster.holders.set(validating, [""]));
      await world.settle();
    }
    assert.ok(world.cluster.log.filter((line) => line === `a wrote ${validating}`).length <= 6);
    assert.equal(kinds(a).filter((kind) => kind === "disputed").length, 1);
    world.clock.advance(61_000);
    await until(() => world.isTrusted(a));
  });

  it("are not made again once the webhook configurations have been removed", async () => {
    const a = await world.start("a", true);
    await until(() => a.self.notReady() === undefined);
    await world.settle();
    world.cluster.change(() => world.cluster.holders.clear());
    world.cluster.setSecret(undefined);
    await world.settle();
    world.clock.advance(10 * 60_000);
    await world.settle();
    assert.equal(world.cluster.values, undefined);
    world.cluster.change(() => world.cluster.holders.set(validating, [""]));
    await until(() => world.cluster.values !== undefined && world.isTrusted(a));
  });

  it("are there before the webhook configuration, in whatever order things are installed", async () => {
    world.cluster.holders.clear();
    const a = await world.start("a", true);
    await until(() => a.self.notReady() === undefined);
    world.cluster.change(() => world.cluster.holders.set(mutating, [""]));
    await until(() => world.isTrusted(a));
  });

  it("have a server wait, alive with a pair that nobody trusts, until the cluster can be asked", async () => {
    world.cluster.unreadable = "the API server is away";
    const a = await world.start("a", true);
    await world.settle();
    assert.equal(a.self.notReady(), "there is no serving certificate yet: the API server is away");
    assert.ok(leaf(a).checkHost("pullguard"));
    assert.equal(a.self.notAfterMs(), undefined);
    world.cluster.unreadable = undefined;
    world.cluster.writeFault = new Error("Pullguard has no permission to create secrets in pullguard-system (403)");
    world.cluster.change(() => undefined);
    for (let second = 0; second < 120; second += 5) {
      world.clock.advance(5_000);
      await world.settle();
    }
    const faults = a.events.filter(({ kind }) => kind === "fault");
    assert.ok(faults.length >= 4 && faults.length <= 12, `${faults.length} tries in two minutes`);
    world.cluster.writeFault = undefined;
    world.clock.advance(30_000);
    await until(() => a.self.notReady() === undefined);
  });

  it("are expired when their time is over and nobody renews them, and then the server is not ready", async () => {
    const a = await world.start("a", true);
    await until(() => a.self.notReady() === undefined);
    a.lead(false);
    world.clock.advance(91 * dayMs);
    assert.equal(a.self.notReady(), "the serving certificate has expired");
    a.lead(true);
    await until(() => a.self.notReady() === undefined);
  });
});
