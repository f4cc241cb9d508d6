import assert from "node:assert/strict";
import fc from "fast-check";
import { parsePolicy } from "../../../src/node/containers-image/policy.js";
import { planOf } from "./plans.js";

const files = [
  "/etc/containers/registries.conf",
  "/etc/containers/registries.conf.d/x.conf",
  "/var/cache/containers/short-name-aliases.conf",
  "/etc/containers/policy.json",
  "/etc/crio/crio.conf",
  "/etc/containers/certs.d/reg.test/ca.crt",
  "/run/containers/0/auth.json",
];
const words = fc.constantFrom(
  "[[registry]]\n",
  "[registry]\n",
  'location = "reg.test"\n',
  'prefix = "*.test"\n',
  "insecure = true\n",
  "[aliases]\n",
  '"nginx" = "a.test/nginx"\n',
  'unqualified-search-registries = ["a.test", "b.test/"]\n',
  "[[registry.mirror]]\n",
  "[crio.image]\n",
  "insecure_registries = [1]\n",
  '{"default":[{"type":"reject"}]}',
  "__proto__ = 1\n",
  "\u0000",
  "=",
);
const text = fc.oneof(
  fc.string(),
  fc.array(words, { maxLength: 8 }).map((some) => some.join("")),
);

describe("any text in the files of CRI-O and podman", () => {
  it("gives a plan and never an exception", () => {
    fc.assert(
      fc.property(
        fc.tuple(...files.map(() => fc.option(text))),
        fc.constantFrom("nginx", "reg.test/app:v1", "a.b.test:5000/x"),
        fc.constantFrom("podman://4.3.1", "podman://5.4.0", "cri-o://1.24.0", "cri-o://1.36.0"),
        (texts, image, runtime) => {
          const given = files.flatMap((path, index) => {
            const found = texts[index];
            return found === null || found === undefined ? [] : [[path, found] as const];
          });
          const plan = planOf(Object.fromEntries(given), image, runtime);
          assert.ok(["hosts", "broken", "refused"].includes(plan.kind));
        },
      ),
      { numRuns: 400 },
    );
  });

  it("is a policy or none", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (any) => {
        assert.ok(["policy", "invalid"].includes(parsePolicy(any).kind));
      }),
    );
  });
});
