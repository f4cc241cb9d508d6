import { registriesConf, registry, soundImage, type WrittenNode } from "./containers-image-words.js";

const policy = "/etc/containers/policy.json";
const accept = [{ type: "insecureAcceptAnything" }];
const reject = [{ type: "reject" }];
const policyOf = (scopes: Readonly<Record<string, unknown>>, byDefault: unknown = accept): string =>
  JSON.stringify({ default: byDefault, transports: { docker: scopes } });

/** What policy.json demands, and files that are refused. */
export const policies: readonly WrittenNode[] = [
  { name: "everything is rejected", files: { [policy]: policyOf({}, reject) }, images: [soundImage] },
  {
    name: "only one registry is accepted",
    files: { [policy]: policyOf({ "ok.test": accept }, reject) },
    images: [soundImage, "twin.test/team/app:v1"],
  },
  {
    name: "a repository is rejected",
    files: { [policy]: policyOf({ "ok.test/team/app": reject }) },
    images: [soundImage, "ok.test/library/solo"],
  },
  {
    name: "a tag is accepted",
    files: { [policy]: policyOf({ "ok.test/team/app:v1": accept, "ok.test/team/app": reject }) },
    images: [soundImage, "ok.test/team/app:v2", "ok.test/team/app@{ok}"],
  },
  {
    name: "a namespace is rejected",
    files: { [policy]: policyOf({ "ok.test/team": reject }) },
    images: [soundImage, "ok.test/library/solo"],
  },
  {
    name: "a wildcard is rejected",
    files: { [policy]: policyOf({ "*.test": reject, "ok.test": accept }) },
    images: [soundImage, "twin.test/team/app:v1", "okport.test:8443/team/app:v1"],
  },
  {
    name: "the transport's default",
    files: { [policy]: policyOf({ "": reject, "ok.test": accept }) },
    images: [soundImage, "twin.test/team/app:v1"],
  },
  {
    name: "the port is part of the scope",
    files: { [policy]: policyOf({ "okport.test": reject }) },
    images: ["okport.test:8443/team/app:v1"],
  },
  {
    name: "the name counts, not the place",
    files: {
      [policy]: policyOf({ "ok.test": reject }),
      [registriesConf]: registry('prefix = "virtual.test"', 'location = "ok.test"'),
    },
    images: ["virtual.test/team/app:v1", soundImage],
  },
  {
    name: "two requirements",
    files: { [policy]: policyOf({ "ok.test": [...accept, ...reject] }) },
    images: [soundImage],
  },
  {
    name: "another transport's scopes",
    files: {
      [policy]: JSON.stringify({
        default: accept,
        transports: { atomic: { "ok.test": reject }, "docker-daemon": { "": reject } },
      }),
    },
    images: [soundImage],
  },
  {
    name: "the user's own policy",
    files: { [policy]: policyOf({}, reject), "/root/.config/containers/policy.json": policyOf({}) },
    images: [soundImage],
  },
  ...(
    [
      ["no JSON", "{"],
      ["no default", "{}"],
      ["an unknown key", JSON.stringify({ default: accept, other: {} })],
      ["an unknown requirement", JSON.stringify({ default: [{ type: "hope" }] })],
      ["an empty list", JSON.stringify({ default: [] })],
      ["a key too many", JSON.stringify({ default: [{ type: "reject", why: "no" }] })],
      ["scopes that are no object", JSON.stringify({ default: accept, transports: { docker: [] } })],
      ["a list", "[]"],
    ] as const
  ).map(
    ([name, text]): WrittenNode => ({ name: `policy with ${name}`, files: { [policy]: text }, images: [soundImage] }),
  ),
];
