import { checkPlans as check } from "./plans.js";

const conf = "/etc/containers/registries.conf";
const dropIn = (name: string): string => `/etc/containers/registries.conf.d/${name}`;
const policy = "/etc/containers/policy.json";
const crio = "/etc/crio/crio.conf";
const digest = `sha256:${"a".repeat(64)}`;

describe("hosts of containers-image", () => {
  describe("tables", () => {
    check([
      { name: "nothing configured: the registry itself", files: {}, image: "reg.test/a/b", want: ["reg.test"] },
      {
        name: "Docker Hub is dialled under its own address",
        files: {},
        image: "docker.io/a/b",
        want: ["registry-1.docker.io"],
      },
      {
        name: "a location takes the place of its prefix, and credentials stay behind",
        files: { [conf]: '[[registry]]\nprefix = "v.test/x"\nlocation = "reg.test/y/z"\n' },
        image: "v.test/x/app:1",
        want: ["reg.test y/z/app withheld"],
      },
      {
        name: "mirrors come first, in order",
        files: {
          [conf]:
            '[[registry]]\nlocation = "reg.test"\n[[registry.mirror]]\nlocation = "m1.test"\ninsecure = true\n[[registry.mirror]]\nlocation = "reg.test/cache"\n',
        },
        image: "reg.test/app:1",
        want: ["m1.test insecure withheld", "reg.test cache/app", "reg.test"],
      },
      {
        name: "a mirror for digests is left out for a tag",
        files: {
          [conf]:
            '[[registry]]\nlocation = "reg.test"\n[[registry.mirror]]\nlocation = "m.test"\npull-from-mirror = "digest-only"\n',
        },
        image: "reg.test/app:1",
        want: ["reg.test"],
      },
      {
        name: "and used for a digest",
        files: {
          [conf]:
            '[[registry]]\nlocation = "reg.test"\n[[registry.mirror]]\nlocation = "m.test"\npull-from-mirror = "digest-only"\n',
        },
        image: `reg.test/app@${digest}`,
        want: ["m.test withheld", "reg.test"],
      },
      {
        name: "before 5.22 nobody knew pull-from-mirror",
        runtime: "cri-o://1.24.0",
        files: {
          [conf]:
            '[[registry]]\nlocation = "reg.test"\n[[registry.mirror]]\nlocation = "m.test"\npull-from-mirror = "digest-only"\n',
        },
        image: "reg.test/app:1",
        want: ["m.test withheld", "reg.test"],
      },
      {
        name: "before 5.35 a slash behind a mirror breaks the pull",
        files: { [conf]: '[[registry]]\nlocation = "reg.test"\n[[registry.mirror]]\nlocation = "m.test/"\n' },
        image: "reg.test/app:1",
        want: ["broken configuration: line 1: rewriting makes m.test//app:1, which is no valid name"],
      },
      {
        name: "from 5.35 on it is cut",
        runtime: "cri-o://1.33.0",
        files: { [conf]: '[[registry]]\nlocation = "reg.test"\n[[registry.mirror]]\nlocation = "m.test/"\n' },
        image: "reg.test/app:1",
        want: ["m.test withheld", "reg.test"],
      },
      {
        name: "a blocked registry is refused with its place",
        files: { [conf]: '[[registry]]\nlocation = "reg.test"\nblocked = true\n' },
        image: "reg.test/app:1",
        want: ["refused registry-blocked: registry reg.test is blocked"],
      },
      {
        name: "a wildcard stands for any depth of subdomains, not for the domain",
        files: { [conf]: '[[registry]]\nprefix = "*.reg.test"\nlocation = "m.test"\n' },
        image: "a.b.reg.test/app:1",
        want: ["m.test withheld"],
      },
      {
        name: "the domain itself is not a subdomain",
        files: { [conf]: '[[registry]]\nprefix = "*.reg.test"\nlocation = "m.test"\n' },
        image: "reg.test/app:1",
        want: ["reg.test"],
      },
      {
        name: "a drop-in replaces the table of the same prefix",
        files: {
          [conf]: '[[registry]]\nlocation = "reg.test"\nblocked = true\n',
          [dropIn("1.conf")]: '[[registry]]\nlocation = "reg.test"\n',
        },
        image: "reg.test/app:1",
        want: ["reg.test"],
      },
      {
        name: "up to 5.23 an empty section of version 1 counts for nothing",
        files: { [conf]: '[registries.search]\nregistries = []\n[[registry]]\nlocation = "reg.test"\n' },
        image: "reg.test/app:1",
        want: ["reg.test"],
      },
      {
        name: "from 5.24 on it does",
        runtime: "podman://4.4.0",
        files: { [conf]: '[registries.search]\nregistries = []\n[[registry]]\nlocation = "reg.test"\n' },
        image: "reg.test/app:1",
        want: ["broken configuration: mixing sysregistry v1/v2 is not supported"],
      },
      {
        name: "the longest prefix decides",
        files: {
          [conf]: '[[registry]]\nlocation = "reg.test"\nblocked = true\n[[registry]]\nlocation = "reg.test/team"\n',
        },
        image: "reg.test/team/app:1",
        want: ["reg.test"],
      },
      {
        name: "one location must be equally trusted wherever it stands in a file",
        files: {
          [conf]:
            '[[registry]]\nlocation = "reg.test"\ninsecure = true\n[[registry]]\nprefix = "v.test"\nlocation = "reg.test"\n',
        },
        image: "other.test/app:1",
        want: [
          "broken configuration: line 4: registry 'reg.test' is defined multiple times with conflicting 'insecure' setting",
        ],
      },
    ]);
  });

  describe("certificates", () => {
    const folder = "/etc/containers/certs.d/reg.test";
    check([
      {
        name: "half a pair breaks the host",
        files: { [`${folder}/c.cert`]: "x" },
        image: "reg.test/a",
        want: [
          "broken file: missing key c.key for client certificate c.cert. Note that CA certificates should use the extension .crt",
        ],
      },
      {
        name: "a broken mirror is passed over",
        files: {
          [conf]: '[[registry]]\nlocation = "up.test"\n[[registry.mirror]]\nlocation = "reg.test"\n',
          [`${folder}/c.key`]: "x",
        },
        image: "up.test/a",
        want: ["up.test"],
      },
      {
        name: "a .crt without a certificate counts for nothing",
        files: { [`${folder}/ca.crt`]: "noise" },
        image: "reg.test/a",
        want: ["reg.test"],
      },
    ]);
  });

  describe("names without registry", () => {
    const search = 'unqualified-search-registries = ["a.test", "b.test"]\n';
    check([
      {
        name: "each search registry is a meaning of its own",
        files: { [conf]: search },
        image: "nginx",
        want: ["a.test nginx as a.test/nginx", "b.test nginx as b.test/nginx"],
      },
      {
        name: "enforced, several are too many",
        files: { [conf]: `${search}short-name-mode = "enforcing"\n` },
        image: "nginx",
        want: ["refused short-name-ambiguous: nginx names no registry, and a.test, b.test would all be searched"],
      },
      {
        name: "CRI-O before 1.34 enforces nothing",
        runtime: "cri-o://1.33.1",
        files: { [conf]: `${search}short-name-mode = "enforcing"\n` },
        image: "nginx",
        want: ["a.test nginx as a.test/nginx", "b.test nginx as b.test/nginx"],
      },
      {
        name: "CRI-O 1.34 enforces whatever registries.conf says",
        runtime: "cri-o://1.34.0",
        files: { [conf]: `${search}short-name-mode = "disabled"\n` },
        image: "nginx",
        want: ["refused short-name-ambiguous: nginx names no registry, and a.test, b.test would all be searched"],
      },
      {
        name: "unless crio.conf says otherwise",
        runtime: "cri-o://1.34.0",
        files: { [conf]: search, [crio]: '[crio.image]\nshort_name_mode = "disabled"\n' },
        image: "nginx",
        want: ["a.test nginx as a.test/nginx", "b.test nginx as b.test/nginx"],
      },
      {
        name: "no search registry: no meaning",
        files: { [conf]: "" },
        image: "nginx",
        want: ["refused short-name-unresolved: nginx names no registry, and no alias or search registry is configured"],
      },
      {
        name: "no file at all: perhaps it was not shown",
        files: {},
        image: "nginx",
        want: [
          "refused short-name-unresolved (partial): nginx names no registry, and no alias or search registry is configured",
        ],
      },
      {
        name: "an alias is the only meaning",
        files: { [conf]: `${search}[aliases]\nnginx = "quay.test/x/nginx"\n` },
        image: "nginx:1",
        want: ["quay.test x/nginx as quay.test/x/nginx"],
      },
      {
        name: "an alias of Docker Hub",
        files: { [conf]: '[aliases]\nnginx = "docker.io/library/nginx"\n' },
        image: "nginx:1",
        want: ["registry-1.docker.io as docker.io/library/nginx"],
      },
    ]);
  });

  describe("policies", () => {
    const signed = JSON.stringify({
      default: [{ type: "insecureAcceptAnything" }],
      transports: { docker: { "reg.test": [{ type: "signedBy", keyType: "GPGKeys", keyPath: "/k" }] } },
    });
    check([
      {
        name: "a signature is demanded",
        files: { [policy]: signed },
        image: "reg.test/a",
        want: ["reg.test", `doubt: signature ${policy}`],
      },
      {
        name: "the most specific scope decides",
        files: {
          [policy]: JSON.stringify({
            default: [{ type: "reject" }],
            transports: {
              docker: { "*.test": [{ type: "reject" }], "reg.test/team": [{ type: "insecureAcceptAnything" }] },
            },
          }),
        },
        image: "reg.test/team/app",
        want: ["reg.test"],
      },
      { name: "of this registry only", files: { [policy]: signed }, image: "other.test/a", want: ["other.test"] },
      {
        name: "a broken policy breaks every pull",
        files: { [policy]: "{}" },
        image: "reg.test/a",
        want: ["broken configuration: Default policy is missing"],
      },
    ]);
  });

  describe("files that cannot be read", () => {
    const unreadable = { unreadable: "larger than 1 MiB" };
    check([
      {
        name: "registries.conf: it may send the pull elsewhere",
        files: { [conf]: unreadable },
        image: "reg.test/a",
        want: ["reg.test", `doubt: unread ${conf}`],
      },
      {
        name: "a drop-in as well",
        files: { [dropIn("x.conf")]: unreadable },
        image: "reg.test/a",
        want: ["reg.test", `doubt: unread ${dropIn("x.conf")}`],
      },
      {
        name: "a short name is not refused then",
        files: { [conf]: unreadable },
        image: "nginx",
        want: [
          "refused short-name-unresolved (partial): nginx names no registry, and no alias or search registry is configured",
        ],
      },
      {
        name: "the policy",
        files: { [policy]: unreadable },
        image: "reg.test/a",
        want: ["reg.test", `doubt: unread ${policy}`],
      },
      {
        name: "a block does not stand while a drop-in is unread",
        files: { [conf]: '[[registry]]\nlocation = "reg.test"\nblocked = true\n', [dropIn("x.conf")]: unreadable },
        image: "reg.test/a",
        want: ["refused registry-blocked (partial): registry reg.test is blocked"],
      },
      {
        name: "a block stands whatever the policy says",
        files: { [conf]: '[[registry]]\nlocation = "reg.test"\nblocked = true\n', [policy]: unreadable },
        image: "reg.test/a",
        want: ["refused registry-blocked: registry reg.test is blocked"],
      },
      {
        name: "the alias cache matters for short names",
        files: {
          [conf]: 'unqualified-search-registries = ["a.test"]\n',
          "/var/cache/containers/short-name-aliases.conf": unreadable,
        },
        image: "nginx",
        want: [
          "a.test nginx as a.test/nginx",
          "doubt: unread /var/cache/containers/short-name-aliases.conf",
          "partial",
        ],
      },
      {
        name: "and for no others",
        files: { "/var/cache/containers/short-name-aliases.conf": unreadable },
        image: "reg.test/a",
        want: ["reg.test"],
      },
      {
        name: "a certificate",
        files: { "/etc/containers/certs.d/reg.test/ca.crt": unreadable },
        image: "reg.test/a",
        want: ["reg.test", "partial"],
      },
      {
        name: "crio.conf",
        runtime: "cri-o://1.30.0",
        files: { [crio]: unreadable },
        image: "reg.test/a",
        want: ["reg.test", `doubt: unread ${crio}`, "partial"],
      },
    ]);
  });
});
