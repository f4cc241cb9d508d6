import assert from "node:assert/strict";
import { type LoadInput, loadServeConfig, type ServeConfig } from "../../src/config/index.js";
import { PullguardError } from "../../src/core/index.js";

const defaults: ServeConfig = {
  port: 8443,
  metricsPort: 8080,
  certDir: "certs",
  certificates: "files",
  certificateSecret: "pullguard-tls",
  serviceName: "pullguard",
  webhookConfiguration: "pullguard",
  shutdownGrace: 25,
  noCluster: false,
  noLayers: false,
  verifyLayers: false,
  watchPulls: false,
  audit: false,
  auditInterval: 60,
  auditRate: 60,
  maxInFlight: 128,
  maxQueued: 1024,
  cacheBytes: 64 * 1024 * 1024,
  mode: "warn",
  agentNamespace: "pullguard-node-agent",
  logLevel: "info",
  traceRatio: 1,
  statusz: true,
  statuszFindings: "local",
};

function load(input: Partial<LoadInput>): ServeConfig {
  return loadServeConfig({ flags: {}, env: {}, ...input });
}

const file = (content: unknown): Partial<LoadInput> => ({
  env: { PULLGUARD_CONFIG: "/etc/p.yaml" },
  readFile: () => content,
});

describe("loadServeConfig", () => {
  const table: readonly { name: string; given: Partial<LoadInput>; want: Partial<ServeConfig> }[] = [
    { name: "has defaults for all that it needs", given: {}, want: {} },
    {
      name: "reads every setting from the environment",
      given: {
        env: {
          PULLGUARD_PORT: "9443",
          PULLGUARD_METRICS_PORT: "9090",
          PULLGUARD_CERT_DIR: "/certs",
          PULLGUARD_NO_CLUSTER: "true",
          PULLGUARD_NODE_ROOT: "/host",
          PULLGUARD_RUNTIME: "containerd://1.7.27",
          PULLGUARD_PLATFORM: "linux/arm/v7",
          PULLGUARD_MODE: "deny",
          PULLGUARD_NODE_CREDENTIALS: "none",
          PULLGUARD_LOG_LEVEL: "debug",
          PULLGUARD_MAX_IN_FLIGHT: "16",
          PULLGUARD_MAX_QUEUED: "0",
          PULLGUARD_REGISTRY_QPS: "2.5",
          PULLGUARD_CACHE_BYTES: "128Mi",
        },
      },
      want: {
        port: 9443,
        metricsPort: 9090,
        certDir: "/certs",
        noCluster: true,
        nodeRoot: "/host",
        runtime: "containerd://1.7.27",
        platform: "linux/arm/v7",
        mode: "deny",
        nodeCredentials: "none",
        logLevel: "debug",
        maxInFlight: 16,
        maxQueued: 0,
        registryQps: 2.5,
        cacheBytes: 128 * 1024 * 1024,
      },
    },
    {
      name: "takes a size with its unit from a file",
      given: file({ cacheBytes: "2Mi" }),
      want: { cacheBytes: 2 * 1024 * 1024, configFile: "/etc/p.yaml" },
    },
    {
      name: "reads where traces go and what /statusz shows",
      given: {
        flags: { traceEndpoint: "https://collector:4318/custom", statusz: "false" },
        env: { PULLGUARD_TRACE_RATIO: "0.25", PULLGUARD_STATUSZ_FINDINGS: "none" },
      },
      want: {
        traceEndpoint: "https://collector:4318/custom",
        traceRatio: 0.25,
        statusz: false,
        statuszFindings: "none",
      },
    },
    {
      name: "takes a file for the nodes' credentials",
      given: file({ nodeCredentials: "/etc/node/config.json" }),
      want: { nodeCredentials: "/etc/node/config.json", configFile: "/etc/p.yaml" },
    },
    {
      name: "takes an empty variable for none",
      given: { env: { PULLGUARD_MODE: "", PULLGUARD_CONFIG: "" } },
      want: {},
    },
    {
      name: "takes switches as texts from the environment",
      given: { env: { PULLGUARD_WATCH_PULLS: "1", PULLGUARD_VERIFY_LAYERS: "true", PULLGUARD_NO_LAYERS: "false" } },
      want: { watchPulls: true, verifyLayers: true },
    },
    { name: "ignores variables of others", given: { env: { PORT: "1", PULLGUARD_COLOUR: "red" } }, want: {} },
    {
      name: "takes flags as texts and as values",
      given: { flags: { port: "1", metricsPort: 2, noCluster: true, other: 3 } },
      want: { port: 1, metricsPort: 2, noCluster: true },
    },
    {
      name: "lets flags win over variables and variables over the file",
      given: {
        flags: { mode: "deny" },
        env: { PULLGUARD_CONFIG: "/etc/p.yaml", PULLGUARD_MODE: "warn", PULLGUARD_PORT: "2" },
        readFile: () => ({ mode: "warn", port: 1, certDir: "/from-file" }),
      },
      want: { mode: "deny", port: 2, certDir: "/from-file", configFile: "/etc/p.yaml" },
    },
    { name: "lets an empty file say nothing", given: file(null), want: { configFile: "/etc/p.yaml" } },
    {
      name: "takes the port 0 twice",
      given: { flags: { port: 0, metricsPort: 0 } },
      want: { port: 0, metricsPort: 0 },
    },
  ];
  for (const { name, given, want } of table) {
    it(name, () => {
      const config = load(given);
      assert.deepEqual(config, { ...defaults, ...want });
      assert.ok(Object.isFrozen(config));
    });
  }

  it("reads the file that the flag names, not the variable", () => {
    const paths: string[] = [];
    const readFile = (path: string): unknown => {
      paths.push(path);
      return {};
    };
    load({ flags: { config: "a.yaml" }, env: { PULLGUARD_CONFIG: "b.yaml" }, readFile });
    assert.deepEqual(paths, ["a.yaml"]);
  });

  const refused: readonly { name: string; given: Partial<LoadInput>; want: RegExp }[] = [
    {
      name: "pulls to be watched without a cluster",
      given: { flags: { noCluster: true }, env: { PULLGUARD_WATCH_PULLS: "true" } },
      want: /^noCluster and watchPulls exclude each other$/,
    },
    {
      name: "a mode that does not exist",
      given: { env: { PULLGUARD_MODE: "Deny" } },
      want: /^environment variable PULLGUARD_MODE: must be warn, deny, audit or off$/,
    },
    { name: "a port in words", given: { flags: { port: "https" } }, want: /^flag --port: must be a whole number$/ },
    {
      name: "a port out of range",
      given: { flags: { metricsPort: "65536" } },
      want: /^flag --metrics-port: must be 65535 at most$/,
    },
    {
      name: "a switch that is neither on nor off",
      given: { env: { PULLGUARD_NO_CLUSTER: "maybe" } },
      want: /PULLGUARD_NO_CLUSTER: must be true or false/,
    },
    {
      name: "a platform without architecture",
      given: { flags: { platform: "linux" } },
      want: /--platform: must be os\/architecture/,
    },
    {
      name: "an empty file for the nodes' credentials",
      given: file({ nodeCredentials: "" }),
      want: /nodeCredentials: must be unknown, none or a file$/,
    },
    { name: "one port for both", given: { flags: { port: 8080 } }, want: /port and metricsPort are both 8080/ },
    {
      name: "a kubeconfig without a cluster",
      given: { flags: { kubeconfig: "x", noCluster: true } },
      want: /exclude each other/,
    },
    {
      name: "a text where the file wants a number",
      given: file({ port: "8443" }),
      want: /^\/etc\/p\.yaml: port: must be a whole number$/,
    },
    {
      name: "a setting the file misspells",
      given: file({ prot: 1 }),
      want: /^\/etc\/p\.yaml: prot: no such setting; known are port, /,
    },
    { name: "a file that is a list", given: file([]), want: /^\/etc\/p\.yaml: must be a mapping$/ },
    {
      name: "a file nobody can read",
      given: { flags: { config: "x" } },
      want: /^x: configuration files cannot be read here$/,
    },
    {
      name: "a file that is not there",
      given: {
        flags: { config: "x" },
        readFile: () => {
          throw new Error("ENOENT: no such file");
        },
      },
      want: /^x: cannot be read: ENOENT/,
    },
    {
      name: "several faults at once",
      given: file({ port: -1, mode: "x" }),
      want: /port: .*; .*mode: must be warn, deny, audit or off/,
    },
  ];
  for (const { name, given, want } of refused) {
    it(`refuses ${name} and says where`, () => {
      assert.throws(
        () => load(given),
        (error) => {
          assert.ok(error instanceof PullguardError);
          assert.equal(error.code, "ConfigInvalid");
          assert.match(error.message, want);
          return true;
        },
      );
    });
  }
});
