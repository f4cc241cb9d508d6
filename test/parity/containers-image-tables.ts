import { mirror, registry, robot, soundImage, type WrittenNode, withConf } from "./containers-image-words.js";

/** Tables of registries.conf. */
export const tables: readonly WrittenNode[] = [
  withConf("no file at all", "", [
    soundImage,
    "hub.test/team/app:v1",
    "twin.test/team/app:v1",
    "solo",
    "httpport.test:5000/team/app:v1",
  ]),
  withConf("a rewritten prefix", registry('prefix = "virtual.test/apps"', 'location = "ok.test/team"'), [
    "virtual.test/apps/app:v1",
    "virtual.test/apps/app@{none}",
    "virtual.test/appsx/app:v1",
    "virtual.test/app:v1",
  ]),
  withConf("a host in place of a path", registry('prefix = "virtual.test"', 'location = "ok.test/deep/er"'), [
    "virtual.test/path/app:v1",
  ]),
  withConf("a wildcard", registry('prefix = "*.twin.test"', 'location = "ok.test"'), [
    "a.sub.twin.test/team/app:v1",
    "b.twin.test/team/app:v1",
    "twin.test/team/app:v1",
  ]),
  withConf("a wildcard without location", registry('prefix = "*.test"', "blocked = true"), [
    soundImage,
    "twin.test/team/app:v1",
  ]),
  withConf("an insecure wildcard", registry('prefix = "*.test"', "insecure = true"), [
    "self.test/team/app:v1",
    "unknown.test/team/app:v1",
    "httpport.test:5000/team/app:v1",
    "http.test/team/app:v1",
    "expired.test/team/app:v1",
  ]),
  withConf(
    "the longest prefix",
    registry('location = "ok.test"', "blocked = true") +
      registry('prefix = "ok.test/team"', 'location = "ok.test/team"'),
    [soundImage, "ok.test/library/solo"],
  ),
  withConf(
    "a blocked location behind another prefix",
    registry('prefix = "virtual.test"', 'location = "ok.test"') + registry('location = "ok.test"', "blocked = true"),
    ["virtual.test/team/app:v1", soundImage],
  ),
  withConf(
    "a blocked prefix of another location",
    registry('prefix = "virtual.test"', 'location = "ok.test"', "blocked = true"),
    ["virtual.test/team/app:v1", soundImage],
  ),
  withConf(
    "a blocked mirror",
    registry('location = "twin.test"') +
      mirror('location = "ok.test"') +
      registry('location = "ok.test"', "blocked = true"),
    ["twin.test/team/app:v1"],
  ),
  withConf(
    "a blocked registry with a good mirror",
    registry('location = "twin.test"', "blocked = true") + mirror('location = "ok.test"'),
    ["twin.test/team/app:v1"],
  ),
  withConf(
    "mirrors in turn",
    registry('location = "e503.test"') +
      mirror('location = "e404all.test"') +
      mirror('location = "refused.test"') +
      mirror('location = "unknown.test"') +
      mirror('location = "ok.test"'),
    ["e503.test/team/app:v1"],
  ),
  withConf(
    "a mirror with a path",
    registry('prefix = "virtual.test"', 'location = "e503.test"') + mirror('location = "ok.test/deep/er"'),
    ["virtual.test/path/app:v1"],
  ),
  withConf(
    "an insecure mirror",
    registry('location = "twin.test"') + mirror('location = "plaintwin.test:5000"', "insecure = true"),
    ["twin.test/team/app:v1", "twin.test/idx:multi"],
  ),
  withConf(
    "an insecure table in front of secure mirrors",
    registry('location = "e503.test"', "insecure = true") + mirror('location = "plaintwin.test:5000"'),
    ["e503.test/team/app:v1"],
  ),
  withConf(
    "a mirror that its own table makes insecure",
    registry('location = "e503.test"') +
      mirror('location = "plaintwin.test:5000"') +
      registry('location = "plaintwin.test:5000"', "insecure = true"),
    ["e503.test/team/app:v1"],
  ),
  withConf(
    "mirrors by digest only",
    registry('location = "e503.test"', "mirror-by-digest-only = true") + mirror('location = "ok.test"'),
    ["e503.test/team/app:v1", "e503.test/team/app@{ok}"],
  ),
  withConf(
    "mirrors for tags and digests",
    registry('location = "e503.test"') + mirror('location = "ok.test"', 'pull-from-mirror = "tag-only"'),
    ["e503.test/team/app:v1", "e503.test/team/app@{ok}"],
  ),
  withConf(
    "digests from a mirror only",
    registry('location = "e503.test"') + mirror('location = "ok.test"', 'pull-from-mirror = "digest-only"'),
    ["e503.test/team/app:v1", "e503.test/team/app@{ok}"],
  ),
  withConf("a broken image on the mirror", registry('location = "twin.test"') + mirror('location = "ok.test"'), [
    "twin.test/idx:armonly",
    "twin.test/team/app:artifact",
    "twin.test/team/app:notjson",
    "twin.test/idx:dangling",
  ]),
  withConf(
    "credentials stay with the registry of the name",
    registry('prefix = "virtual.test"', 'location = "basic.test"') +
      registry('location = "e503.test"') +
      mirror('location = "basic.test"') +
      registry('prefix = "basic.test/alias"', 'location = "basic.test/team"'),
    [
      ["virtual.test/team/app:v1", robot],
      ["e503.test/team/app:v1", robot],
      ["basic.test/alias/app:v1", robot],
      ["basic.test/team/app:v1", robot],
    ],
  ),
  withConf(
    "a slash at the end",
    registry('location = "ok.test/"') + registry('location = "twin.test"') + mirror('location = "ok.test/"'),
    [soundImage, "twin.test/team/app:v1"],
  ),
  withConf(
    "a prefix that leads to Docker Hub",
    registry('prefix = "virtual.test"', 'location = "docker.io"') +
      registry('prefix = "docker.io"', 'location = "hub.test"'),
    ["virtual.test/solo", "virtual.test/library/solo", "virtual.test/team/app:v1"],
  ),
  withConf("Docker Hub elsewhere", registry('prefix = "docker.io"', 'location = "hub.test"'), [
    "docker.io/team/app:v1",
    "docker.io/solo",
    "docker.io/library/solo",
    "index.docker.io/team/app:v1",
  ]),
  withConf("the port is part of the name", registry('location = "okport.test"', "blocked = true"), [
    "okport.test:8443/deep/er/path/app:v1",
  ]),
  withConf("a location without its port", registry('prefix = "virtual.test"', 'location = "okport.test"'), [
    "virtual.test:8443/team/app:v1",
  ]),
  withConf(
    "the first of two equal prefixes",
    registry('prefix = "virtual.test"', 'location = "ok.test"') +
      registry('prefix = "virtual.test"', 'location = "e404all.test"'),
    ["virtual.test/team/app:v1"],
  ),
  withConf("keys in other cases", '[[Registry]]\nPrefix = "virtual.test"\nLOCATION = "ok.test"\n', [
    "virtual.test/team/app:v1",
  ]),
  withConf("unknown keys", `future = 1\n${registry('location = "ok.test"', "shiny = true")}`, [soundImage]),
];
