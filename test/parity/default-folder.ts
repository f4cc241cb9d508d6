import { knowsAuthority, type RegistrySpec } from "../support/lab/index.js";
import { hostsFile, type Scenario } from "./scenario.js";

const trusted = { kind: "trusted" } as const;
const ca = '  ca = "lab-ca.pem"';

const registries: readonly RegistrySpec[] = [
  { host: "mirror.test", port: 443, transport: trusted },
  { host: "bare.test", port: 443, transport: { kind: "nothing-listens" } },
  { host: "bareok.test", port: 443, transport: trusted },
  { host: "bareport.test", port: 8443, transport: trusted },
  { host: "own.test", port: 443, transport: trusted, node: knowsAuthority("own.test") },
  { host: "shadow.test", port: 443, transport: { kind: "nothing-listens" }, node: { "ca.crt": "{ca}" } },
  { host: "127.0.77.220", port: 5000, transport: { kind: "http" } },
  { host: "empty.test", port: 443, transport: { kind: "nothing-listens" }, node: { "README.txt": "nothing here\n" } },
];

/** A node whose `_default` folder sends every registry without a folder of its own to a mirror. */
export const defaultFolder: Scenario = {
  registries,
  nodeOnly: { _default: hostsFile('[host."https://mirror.test"]', ca) },
  cases: [
    { id: "default-mirror", image: "bare.test/team/app:v1" },
    { id: "default-mirror-port", image: "bareport.test:8443/team/app:v1" },
    { id: "default-mirror-missing-tag", image: "bare.test/team/app:nope" },
    { id: "default-upstream-untrusted", image: "bareok.test/team/app:nope" },
    { id: "default-digest-of-upstream", image: "bareok.test/team/app@{team/app:v1}" },
    { id: "default-own-folder", image: "own.test/team/app:v1" },
    { id: "default-shadowed-by-certificates", image: "shadow.test/team/app:v1" },
    { id: "default-shadowed-by-empty-folder", image: "empty.test/team/app:v1" },
    { id: "default-hub", image: "team/app:v1" },
    { id: "default-hub-library", image: "solo" },
    { id: "default-loopback", image: "127.0.77.220:5000/team/app:v2" },
    { id: "default-unresolvable", image: "nosuch-name.test/team/app:v2" },
  ],
};
