import fc from "fast-check";
import { type DockerWorld, imageAddress, transportRegistries } from "./docker-world.js";

const caNames = ["ca.crt", "a b.crt", "ca.pem", "ca.cert", "CA.CRT"] as const;

/** The files of one certificate folder, sound and otherwise. */
const folderFiles = fc
  .record({
    authority: fc.option(fc.constantFrom(...caNames), { nil: undefined }),
    authorityBody: fc.constantFrom("{ca}", "{ca}", "{ca}", "{stranger}", "{ca}{stranger}", "broken\n", ""),
    client: fc.constantFrom("none", "none", "none", "pair", "pair", "certificate", "key", "swapped", "garbage"),
    more: fc.constantFrom("nothing", "nothing", "hosts.toml", "README"),
  })
  .map(({ authority, authorityBody, client, more }) => ({
    ...(authority !== undefined && { [authority]: authorityBody }),
    ...(client === "pair" && { "client.cert": "{client}", "client.key": "{key}" }),
    ...(client === "certificate" && { "client.cert": "{client}" }),
    ...(client === "key" && { "client.key": "{key}" }),
    ...(client === "swapped" && { "client.cert": "{key}", "client.key": "{client}" }),
    ...(client === "garbage" && { "x.cert": "garbage\n", "x.key": "garbage\n" }),
    ...(more !== "nothing" && { [more]: "nothing that matters\n" }),
  }));

const asked = fc.record({
  spec: fc.constantFrom(...transportRegistries),
  bare: fc.constantFrom(false, false, true),
  folder: fc.option(folderFiles, { freq: 2, nil: undefined }),
  folderName: fc.constantFrom("exact", "exact", "exact", "bare", "port", "443"),
  insecure: fc.constantFrom("no", "no", "exact", "exact", "bare", "port", "scheme", "upper"),
});

const world = fc.record({
  registries: fc.uniqueArray(asked, {
    minLength: 10,
    maxLength: 18,
    selector: ({ spec, bare }) => imageAddress(spec, bare),
  }),
  networks: fc.constantFrom([], [], ["198.18.77.0/28"], ["198.18.200.0/24", "fd00::/8"], ["10.0.0.0/8"]),
  mirrors: fc.array(fc.tuple(fc.constantFrom("http", "https"), fc.constantFrom(...transportRegistries)), {
    maxLength: 2,
  }),
  showsHosts: fc.boolean(),
});

type Asked = typeof asked extends fc.Arbitrary<infer T> ? T : never;
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

function named(kind: string, { spec, bare }: Asked): string {
  const exact = imageAddress(spec, bare);
  switch (kind) {
    case "bare":
      return spec.host;
    case "port":
      return `${spec.host}:${spec.port}`;
    case "443":
      return `${spec.host}:443`;
    case "scheme":
      return `https://${exact}`;
    case "upper":
      return exact.toUpperCase();
    default:
      return exact;
  }
}

function worldOf({ registries, networks, mirrors, showsHosts }: World, name: string): DockerWorld {
  const files: Record<string, string> = {};
  for (const one of registries) {
    for (const [file, body] of Object.entries(one.folder ?? {})) {
      files[`certs.d/${named(one.folderName, one)}/${file}`] = body;
    }
  }
  const insecure = registries.filter((one) => one.insecure !== "no").map((one) => named(one.insecure, one));
  files["daemon.json"] = JSON.stringify({
    "insecure-registries": [...insecure, ...networks],
    "registry-mirrors": mirrors.map(([scheme, spec]) => `${scheme}://${imageAddress(spec, spec.port === 443)}`),
  });
  // Two spellings of one registry must not be answered from each other's content.
  const cases = registries.map(({ spec, bare }) => {
    const image = `${imageAddress(spec, bare)}/team/app:${bare ? "v1" : "v2"}`;
    return { id: image, image };
  });
  return { name, files, showsHosts, cases: [...cases, { id: "hub", image: "solo" }] };
}

/** Worlds made at random, the same for the same seed. */
export function randomWorlds(seed: number, count: number): readonly DockerWorld[] {
  return fc.sample(world, { seed, numRuns: count }).map((made, index) => worldOf(made, `random ${index}`));
}
