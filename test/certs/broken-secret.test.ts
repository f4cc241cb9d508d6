import assert from "node:assert/strict";
import { until } from "../support/until.js";
import { ReplicaWorld } from "./replicas.js";

describe("a broken Secret", () => {
  let world: ReplicaWorld;
  beforeEach(() => {
    world = new ReplicaWorld();
  });
  afterEach(() => world.stop());

  const broken: readonly {
    readonly name: string;
    readonly spoil: (good: Record<string, string>) => object;
    readonly want: RegExp;
  }[] = [
    { name: "an empty Secret", spoil: () => ({}), want: /there was no pair/ },
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
        const first = await world.start("a", true);
        await until(() => first.self.notReady() === undefined);
        await world.settle();
        const good = { ...world.cluster.values };
        const entries = spoil(good) as Record<string, string>;
        if (!isKnown) {
          first.self.stop();
        }
        world.cluster.setSecret(entries);
        const leader = isKnown ? first : await world.start("b", true);
        const writes = () => leader.events.filter(({ kind }) => kind === "written").length;
        await until(() => writes() >= (isKnown ? 2 : 1));
        await world.settle();
        const reasons = leader.events.flatMap((event) =>
          event.kind === "unusable" || event.kind === "written" ? [event.reason] : [],
        );
        assert.match(reasons.at(-1) ?? "", want);
        await until(() => leader.self.notReady() === undefined);
        assert.ok(world.isTrusted(leader));
        world.clock.advance(61_000);
        await world.settle();
        world.clock.advance(61_000);
        await world.settle();
        assert.ok(world.isTrusted(leader));
      });
    }
  }
});
