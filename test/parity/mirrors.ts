import { labUser, mirroredBy, type RegistrySpec, secure } from "../support/lab/index.js";
import { hostsFile, oneCaseEach, type Scenario, together } from "./scenario.js";

const ca = '  ca = "lab-ca.pem"';

/** A sound registry behind mirrors; `server` is the registry itself unless told otherwise. */
function behind(host: string, mirrors: readonly string[], server: string | null = `https://${host}`): RegistrySpec {
  const lines = server === null ? [] : [`server = "${server}"`];
  const tables = mirrors.flatMap((mirror) => [`[host."${mirror}"]`, ca]);
  return { ...secure(host), node: hostsFile(...lines, 'ca = "lab-ca.pem"', ...tables) };
}

const firstFails: readonly RegistrySpec[] = [
  behind("behind503.test", ["https://e503.test"]),
  behind("behind429.test", ["https://e429.test"]),
  behind("behind403.test", ["https://forbidden.test"]),
  behind("behind401.test", ["https://basic.test"]),
  behind("behindweird.test", ["https://weird.test"]),
  behind("behindbearer.test", ["https://bearer.test"]),
  behind("behindtokdown.test", ["https://tokdown.test"]),
  behind("behindrefused.test", ["https://refused.test"]),
  behind("behindnoname.test", ["https://nosuch-name.test"]),
  behind("behinduntrusted.test", ["https://unknown.test"]),
  behind("behindloop.test", ["https://redirectloop.test"]),
  behind("behindtwo.test", ["https://e404all.test", "https://refused.test"]),
  behind("behindreset.test", ["https://reset.test"]),
  behind("behindhttp.test", ["http://httpport.test:5000"]),
  behind("nodefaultserver.test", ["https://e404all.test"], null),
  behind("serverelsewhere.test", ["https://e404all.test"], "https://ok.test"),
  behind("serverdead.test", ["https://e404all.test"], "https://refused.test"),
  behind("serverdeadfirst503.test", ["https://e503.test"], "https://refused.test"),
  behind("all404.test", ["https://e404all.test"], "https://e404all.test"),
  behind("mirror404server503.test", ["https://e404all.test"], "https://e503.test"),
  behind("mirror503server404.test", ["https://e503.test"], "https://e404all.test"),
  behind("mirror401server404.test", ["https://basic.test"], "https://e404all.test"),
  behind("mirrorrefusedserver404.test", ["https://refused.test"], "https://e404all.test"),
  {
    ...secure("untrustedserver.test"),
    node: hostsFile('server = "https://unknown.test"', '[host."https://e404all.test"]', ca),
  },
];

/** Mirrors with the upstream's own bytes, which fail only after the reference has been resolved. */
const copies: readonly RegistrySpec[] = [
  secure("reset.test", [{ kind: "reset" }]),
  {
    ...secure("getless.test", [{ kind: "method-status", method: "GET", status: 404 }]),
    contentOf: "behindgetless.test",
  },
  { ...secure("get503.test", [{ kind: "method-status", method: "GET", status: 503 }]), contentOf: "behindget503.test" },
  { ...secure("bloblesscopy.test", [{ kind: "missing-layers" }]), contentOf: "behindblobless.test" },
  { ...secure("wrongcopy.test", [{ kind: "wrong-manifest-bytes" }]), contentOf: "behindwrong.test" },
];

const laterFails: readonly RegistrySpec[] = [
  behind("behindgetless.test", ["https://getless.test"]),
  behind("behindget503.test", ["https://get503.test"]),
  behind("behindblobless.test", ["https://bloblesscopy.test"]),
  behind("behindwrong.test", ["https://wrongcopy.test"]),
];

const robot = { username: labUser.username, password: labUser.password };

/** Registries whose node configuration names mirrors. */
export const mirrors: Scenario = together([
  oneCaseEach(firstFails),
  oneCaseEach(laterFails),
  // Never pulled from by name: what they share with the others would then be on the node already.
  { registries: copies, cases: [] },
  {
    registries: [
      {
        ...secure("closedmirror.test", [{ kind: "status", status: 503 }]),
        node: mirroredBy("https://closedmirror.test", "https://basic.test"),
      },
      {
        ...secure("bearermirror.test", [{ kind: "status", status: 503 }]),
        node: mirroredBy("https://bearermirror.test", "https://bearer.test"),
      },
    ],
    cases: [
      { id: "mirror-basic-with-password", image: "closedmirror.test/team/app:v1", credential: robot },
      { id: "mirror-basic-without-password", image: "closedmirror.test/team/app:v1" },
      { id: "mirror-bearer-with-password", image: "bearermirror.test/team/app:v1", credential: robot },
      { id: "mirror-missing-tag", image: "mirrormiss.test/team/app:nope" },
      { id: "mirror-digest-own", image: "mirrormiss.test/team/app@{team/app:v1}" },
      { id: "mirror-digest-unknown-to-mirror", image: "mirrored.test/team/app@{team/app:v1}" },
      { id: "mirror-digest-503-first", image: "behind503.test/team/app@{team/app:v1}" },
      { id: "mirror-digest-getless", image: "behindgetless.test/team/app@{team/app:v2}" },
      { id: "reset", image: "reset.test/team/app:v1" },
      { id: "mirror-tag-only-on-mirror", image: "mirrored.test/team/app:docker" },
    ],
  },
]);
