import type { RuntimeVersion } from "../types.js";

type VersionNumber = Pick<RuntimeVersion, "major" | "minor">;

/**
 * What dockerd of every version from 20.10 to 28 takes in daemon.json. The names of command line options, in the last two
 * lines, are taken too, and then mean nothing.
 */
const always = `
add-runtime allow-nondistributable-artifacts api-cors-header authorization-plugins bip bridge builder cgroup-parent containerd
containerd-namespace containerd-plugins-namespace cpu-rt-period cpu-rt-runtime cri-containerd data-root debug
default-address-pools default-cgroupns-mode default-gateway default-gateway-v6 default-ipc-mode default-runtime
default-shm-size default-ulimits deprecated-key-path dns dns-opts dns-search exec-opts exec-root experimental features
fixed-cidr fixed-cidr-v6 group help host-gateway-ip hosts icc init init-path insecure-registries ip ip-forward ip-masq
ip6tables iptables ipv6 labels live-restore log-driver log-level log-opts max-concurrent-downloads max-concurrent-uploads
max-download-attempts metrics-addr mtu network-control-plane-mtu network-diagnostic-port no-new-privileges
node-generic-resources pidfile raw-logs registry-mirrors rootless runtimes seccomp-profile selinux-enabled
shutdown-timeout storage-driver storage-opts swarm-default-advertise-addr tls tlscacert tlscert tlskey tlsverify
userland-proxy userland-proxy-path userns-remap validate version config-file swarm-raft-heartbeat-tick
swarm-raft-election-tick default-init cluster-store-opts graph cluster-store cluster-advertise oom-score-adjust
add-host authorization-plugin default-address-pool default-ulimit dns-opt exec-opt host insecure-registry label log-opt
node-generic-resource registry-mirror storage-opt`
  .trim()
  .split(/\s+/);

/** First major version that takes a key; what came is never younger than this. */
const since: Readonly<Record<string, number>> = {
  "http-proxy": 23,
  "https-proxy": 23,
  "no-proxy": 23,
  "default-network-opts": 24,
  "cdi-spec-dirs": 25,
  "log-format": 25,
  "allow-direct-routing": 28,
  bip6: 28,
  "host-gateway-ips": 28,
  "ip-forward-no-drop": 28,
};

/** Options whose value may be an object of their own; any other object is opened and its keys count as options. */
const flat: ReadonlySet<string> = new Set([
  "cluster-store-opts",
  "log-opts",
  "runtimes",
  "default-ulimits",
  "default-network-opts",
  "features",
  "builder",
]);
const known: ReadonlySet<string> = new Set(always);
/** The last version whose options are known here. */
const lastMajor = 28;

/**
 * The keys for which dockerd refuses the whole file and does not start, in the order written; none for a version newer
 * than the table. Keys that a later version dropped pass: in doubt the file counts.
 * Source: `findConfigurationConflicts`, `configValuesSet`, moby daemon/config/config.go, and the options in cmd/dockerd/config.go
 * and config_unix.go of 20.10.24, 23.0.6, 24.0.9, 25.0.6, 26.1.5, 27.5.1 and 28.2.2.
 */
export function unknownKeys(document: Readonly<Record<string, unknown>>, version: VersionNumber): readonly string[] {
  if (version.major > lastMajor) return [];
  return optionKeys(document).filter((key) => {
    const first = since[key];
    return first === undefined ? !known.has(key) : version.major < first;
  });
}

function optionKeys(document: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(document).flatMap(([key, value]) => {
    const opened = typeof value === "object" && value !== null && !Array.isArray(value) && !flat.has(key);
    return opened ? Object.keys(value) : [key];
  });
}
