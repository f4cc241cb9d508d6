import { isIPv4, isIPv6 } from "node:net";
import { splitHostPort } from "./host-url.js";

/**
 * Whether containerd treats a registry as the machine itself: `localhost`, 127.0.0.0/8 and ::1, with or without port. `[::1]`
 * without a port does not count.
 * Source: `IsLocalhost`, containerd core/remotes/docker/resolver.go, the same from 1.6 to 2.3.
 */
export function isLocalhost(domain: string): boolean {
  const host = splitHostPort(domain)?.host ?? domain;
  if (host === "localhost") return true;
  if (isIPv4(host)) return host.startsWith("127.");
  if (!isIPv6(host) || host.includes("%")) return false;
  const canonical = new URL(`http://[${host}]`).hostname;
  return canonical === "[::1]" || canonical.startsWith("[::ffff:7f");
}
