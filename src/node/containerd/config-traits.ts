import { hasArrived, type VersionNumber } from "./traits.js";

/** What changed between containerd releases in the way `config.toml` is read. */
export interface ConfigTraits {
  /** The highest `version` that it starts with; Infinity: it does not look. */
  readonly maxVersion: number;
  /** What a later file does to a plugin's section: takes its place, or is laid over it key by key. */
  readonly merge: "replace-plugin" | "deep";
  /**
   * How sections of older versions reach the plugins of today: `never` (names are those of the version), `once` (after all
   * files were merged, and only if the last one with a version is older), `each-file`.
   */
  readonly migration: "never" | "once" | "each-file";
  /** Whether a file that is imported may have a higher version than the main one. */
  readonly newerDropIns: boolean;
  /** What a relative pattern in `imports` starts from: before, it was the daemon's working folder, `/` under systemd. */
  readonly patternsFrom: "file" | "root";
  /** `config_path` where nothing is written and there are no mirrors. */
  readonly defaultConfigPath: string;
  /** Whether `registry.configs.*.tls` counts. */
  readonly configsTls: boolean;
  /** Whether `image_pull_progress_timeout` is known. */
  readonly progressTimeout: boolean;
  /** What pulls where nothing in the configuration is against it. */
  readonly engine: "local" | "transfer";
}

/**
 * How this containerd version reads its configuration.
 * Source: containerd services/server/config/config.go (2.x: cmd/containerd/server/config/config.go), pkg/cri/config (2.x:
 * internal/cri/config) and plugins/cri/images/plugin.go at 1.6.20 to 2.3.4.
 */
export function configTraits(version: VersionNumber): ConfigTraits {
  const since = (...points: readonly string[]) => hasArrived(version, points);
  return {
    maxVersion: since("2.3.0") ? 4 : since("2.0.0") ? 3 : since("1.6.32", "1.7.17") ? 2 : Number.POSITIVE_INFINITY,
    merge: since("2.0.0") ? "deep" : "replace-plugin",
    migration: since("2.3.0") ? "each-file" : since("2.0.0") ? "once" : "never",
    patternsFrom: since("1.6.30", "1.7.16") ? "file" : "root",
    newerDropIns: !since("2.3.0"),
    defaultConfigPath: since("2.2.0") ? "/etc/containerd/certs.d:/etc/docker/certs.d" : "",
    configsTls: !since("2.0.0"),
    progressTimeout: since("1.7.0"),
    engine: since("2.1.0") ? "transfer" : "local",
  };
}
