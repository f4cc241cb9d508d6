import { type LabSpec, type RegistrySpec, secure } from "../support/lab/index.js";

/** One of the six causes: the registry that shows it and the image that asks for it. */
export interface Scene {
  readonly cause: string;
  readonly registry: RegistrySpec;
  readonly image: string;
}

const port = 5000;

/** Registries for the six causes, each broken in one way; the nodes' registry configuration is part of what is wrong. */
export const scenes: readonly Scene[] = [
  {
    cause: "1. The registry speaks plain HTTP and the nodes do not list it as insecure",
    registry: { host: "plain-http.test", port, transport: { kind: "http" } },
    image: "plain-http.test:5000/team/app:v1",
  },
  {
    cause: "2. HTTPS with a self-signed certificate whose CA is not on the nodes",
    registry: { host: "self-signed.test", port, transport: { kind: "self-signed" } },
    image: "self-signed.test:5000/team/app:v1",
  },
  {
    cause: "3. A private registry and no imagePullSecret",
    registry: secure("private.test", [], "basic", port),
    image: "private.test:5000/team/app:v1",
  },
  {
    cause: "4. A corrupt image: the registry serves other bytes than the digest promises",
    registry: secure("corrupt.test", [{ kind: "wrong-manifest-bytes" }], "none", port),
    image: "corrupt.test:5000/team/app:v1",
  },
  {
    cause: "4. … or one of its layers is gone",
    registry: secure("lost-layer.test", [{ kind: "missing-layers" }], "none", port),
    image: "lost-layer.test:5000/team/app:v1",
  },
  {
    cause: "5. A pull that would not end: the registry accepts the connection and never answers",
    registry: secure("slow.test", [{ kind: "hang" }], "none", port),
    image: "slow.test:5000/team/app:v1",
  },
  {
    cause: "6. The image does not exist: a tag that was never pushed",
    registry: secure("sound.test", [], "none", port),
    image: "sound.test:5000/team/app:v3",
  },
];

/** What does not exist for the nodes' platform does not exist for them; what a mirror has can be pulled. */
export const encores: readonly Omit<Scene, "registry">[] = [
  { cause: "6. … or an image that was not built for the nodes' platform", image: "sound.test:5000/idx:armonly" },
  { cause: "And one that works: no word is said about it", image: "sound.test:5000/team/app:v1" },
];

export const demoLab: LabSpec = { ports: "ephemeral", registries: scenes.map(({ registry }) => registry) };
