import type { RuntimeVersion } from "../types.js";

/** One entry of `registry-mirrors`, as dialled. */
export interface DockerMirror {
  readonly scheme: "http" | "https";
  /** `host[:port]`. */
  readonly address: string;
  /** API root without trailing slash. */
  readonly path: string;
}

/**
 * Reads `registry-mirrors`, repeats dropped, or says in dockerd's words why it does not start with them.
 * Source: `ValidateMirror`, `LoadMirrors`, moby registry/config.go; paths are allowed from 24.0 on.
 */
export function readMirrors(
  entries: readonly string[],
  version: Pick<RuntimeVersion, "major">,
): { readonly mirrors: readonly DockerMirror[] } | { readonly refusal: string } {
  const mirrors = new Map<string, DockerMirror>();
  for (const entry of entries) {
    if (!/^[a-z][a-z0-9+.-]*:/i.test(entry) || !URL.canParse(entry)) {
      return { refusal: `invalid mirror: ${JSON.stringify(withoutUser(entry))} is no http(s) URL` };
    }
    const url = new URL(entry);
    const scheme = url.protocol.slice(0, -1);
    if (scheme !== "http" && scheme !== "https") {
      return { refusal: `invalid mirror: unsupported scheme ${JSON.stringify(scheme)}` };
    }
    const path = withoutSlashes(url.pathname);
    if (url.search !== "" || url.hash !== "" || (path !== "" && version.major < 24)) {
      return { refusal: `invalid mirror: path, query, or fragment at end of the URI ${JSON.stringify(url.origin)}` };
    }
    if (url.username !== "" || url.password !== "") {
      return { refusal: `invalid mirror: username/password not allowed in URI ${JSON.stringify(url.origin)}` };
    }
    const [, address = url.host] = /^https?:\/\/([^/?#]*)/i.exec(entry) ?? [];
    mirrors.set(`${entry.replace(/\/$/, "")}/`, { scheme, address, path: `${path}/v2` });
  }
  return { mirrors: [...mirrors.values()] };
}

/** A loop, as an expression for the end of a text looks through every run of slashes inside of it again and again. */
function withoutSlashes(path: string): string {
  let end = path.length;
  while (path.charAt(end - 1) === "/") end -= 1;
  return path.slice(0, end);
}

function withoutUser(entry: string): string {
  return entry.slice(0, 120).replace(/[^/@]*@/, "");
}
