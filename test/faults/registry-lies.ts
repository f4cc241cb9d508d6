import { gzipSync } from "node:zlib";
import { otherDigest, send, sendManifest } from "./breakable-registry.js";
import {
  denied,
  deniedWhileItLasts,
  manifests,
  mend,
  type RegistryRow,
  raw,
  status,
  unknown,
  unknownUntilMended,
} from "./registry-row.js";

/** Something answers, and not as a sound registry would. */
export const lyingRegistries: readonly RegistryRow[] = [
  {
    fault: "registry answers 500",
    inject: manifests(status(500)),
    lift: mend,
    expected: unknown("RegistryUnavailable"),
    ...unknownUntilMended,
  },
  {
    fault: "registry answers 503 with Retry-After",
    inject: manifests(status(503, { "retry-after": "30" })),
    lift: mend,
    expected: unknown("RegistryUnavailable"),
    ...unknownUntilMended,
  },
  {
    fault: "registry answers 429",
    inject: manifests(status(429, { "retry-after": "5" })),
    lift: mend,
    expected: unknown("RegistryRateLimited"),
    ...unknownUntilMended,
  },
  {
    fault: "registry lies about the digest",
    inject: manifests((request, response, { registry }) =>
      sendManifest(request, response, registry.manifestFor(request), {
        headers: { "docker-content-digest": otherDigest },
      }),
    ),
    lift: mend,
    expected: denied("ManifestCorrupt"),
    ...deniedWhileItLasts,
  },
  {
    fault: "registry lies about the size",
    inject: manifests((request, response, { registry }) => {
      const size = registry.manifestFor(request).body.length;
      const headers = request.method === "HEAD" ? { "content-length": String(size + 7) } : {};
      sendManifest(request, response, registry.manifestFor(request), { headers });
    }),
    lift: mend,
    expected: denied("ManifestCorrupt"),
    ...deniedWhileItLasts,
  },
  {
    fault: "registry lies about the media type",
    inject: manifests((request, response, { registry }) =>
      sendManifest(request, response, registry.manifestFor(request), {
        headers: { "content-type": "application/x-nothing" },
      }),
    ),
    lift: mend,
    expected: denied("ManifestTypeUnsupported"),
    ...deniedWhileItLasts,
  },
  {
    fault: "a login page answers 200 with HTML",
    inject: manifests((request, response) => send(request, response, 200, "text/html", "<html>Log in</html>")),
    lift: mend,
    expected: denied("ManifestTypeUnsupported"),
    ...deniedWhileItLasts,
  },
  {
    fault: "manifest breaks off in the middle",
    inject: manifests((request, response, { registry }) => {
      const manifest = registry.manifestFor(request);
      if (request.method === "HEAD") return sendManifest(request, response, manifest);
      const { body, mediaType } = manifest;
      response.writeHead(200, { "content-type": mediaType ?? "", "content-length": body.length });
      response.write(body.subarray(0, 20), () => response.destroy());
    }),
    lift: mend,
    expected: unknown("RegistryUnreachable"),
    ...unknownUntilMended,
  },
  {
    fault: "manifest without end",
    inject: manifests((request, response, { registry }) => {
      response.writeHead(200, { "content-type": registry.manifestFor(request).mediaType ?? "" });
      if (request.method === "HEAD") return void response.end();
      const pour = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, " ")));
      };
      response.on("drain", pour);
      pour();
    }),
    lift: mend,
    expected: unknown("RegistryProtocolError"),
    ...unknownUntilMended,
  },
  {
    fault: "manifest is a compression bomb (Content-Encoding: gzip)",
    inject: manifests((request, response, { registry }) =>
      sendManifest(request, response, registry.manifestFor(request), {
        headers: { "content-encoding": "gzip" },
        body: gzipSync(Buffer.alloc(32 * 1024 * 1024, " ")),
      }),
    ),
    lift: mend,
    expected: unknown("RegistryProtocolError"),
    ...unknownUntilMended,
  },
  {
    fault: "headers without end",
    inject: manifests((request) => {
      const { socket } = request;
      socket.write("HTTP/1.1 200 OK\r\n");
      const pour = (): void => {
        while (!socket.destroyed && socket.write(`x-more: ${"m".repeat(1000)}\r\n`.repeat(16)));
      };
      socket.on("drain", pour);
      pour();
    }),
    lift: mend,
    expected: unknown("RegistryProtocolError"),
    ...unknownUntilMended,
  },
  {
    fault: "answer is no HTTP",
    inject: manifests(raw("hello, who is there?\r\n\r\n")),
    lift: mend,
    expected: unknown("RegistryProtocolError"),
    ...unknownUntilMended,
  },
  {
    fault: "Content-Length is no number",
    inject: manifests(raw("HTTP/1.1 200 OK\r\ncontent-length: -1\r\ncontent-type: application/json\r\n\r\n{}")),
    lift: mend,
    expected: unknown("RegistryProtocolError"),
    ...unknownUntilMended,
  },
  {
    fault: "two Content-Lengths that contradict each other",
    inject: manifests(raw("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}")),
    lift: mend,
    expected: unknown("RegistryProtocolError"),
    ...unknownUntilMended,
  },
  {
    fault: "redirects in a circle",
    inject: manifests((request, response) => status(307, { location: request.url ?? "" })(request, response)),
    lift: mend,
    expected: unknown("RegistryProtocolError"),
    ...unknownUntilMended,
  },
  {
    fault: "redirect to the metadata address of a cloud",
    inject: manifests((request, response) =>
      status(307, { location: "http://169.254.169.254/latest/meta-data/" })(request, response),
    ),
    lift: mend,
    expected: unknown("RegistryAddressForbidden"),
    does: "Does not dial the address, and reports the image as unknown.",
    recovers: unknownUntilMended.recovers,
  },
];
