import { sendManifest } from "./breakable-registry.js";
import {
  connections,
  manifests,
  mend,
  type RegistryRow,
  unknown,
  unknownUntilMended,
  untilDeadline,
} from "./registry-row.js";

/** Nothing is there, or nobody answers. */
export const silentRegistries: readonly RegistryRow[] = [
  {
    fault: "registry down: its port refuses connections",
    inject: ({ registry }) => registry.break({ isDown: true }),
    lift: mend,
    expected: unknown("RegistryConnectionRefused"),
    ...unknownUntilMended,
  },
  {
    fault: "registry slow, but done within the deadline",
    inject: ({ registry }) => registry.break({ request: (_request, _response, sound) => void setTimeout(sound, 100) }),
    lift: mend,
    expected: { allowed: true },
    does: "Waits for it; other images are answered meanwhile.",
    recovers: "There is nothing to recover from.",
  },
  {
    fault: "registry hangs: connections are accepted, nothing is said",
    inject: connections(() => undefined),
    lift: mend,
    expected: unknown("RegistryTimeout"),
    ...untilDeadline,
  },
  {
    fault: "registry hangs after the TLS handshake",
    inject: ({ registry }) => registry.break({ request: () => undefined }),
    lift: mend,
    expected: unknown("RegistryTimeout"),
    ...untilDeadline,
  },
  {
    fault: "registry hangs in the middle of a manifest",
    inject: manifests((request, response, { registry }) => {
      const manifest = registry.manifestFor(request);
      if (request.method === "HEAD") return sendManifest(request, response, manifest);
      response.writeHead(200, {
        "content-type": registry.manifestFor(request).mediaType ?? "",
        "content-length": "1000",
      });
      response.write("{");
    }),
    lift: mend,
    expected: unknown("RegistryTimeout"),
    ...untilDeadline,
  },
  {
    fault: "registry flapping: two connections of three are reset",
    inject: ({ registry }) => {
      let nth = 0;
      return registry.break({
        connection: (socket, sound) => {
          nth += 1;
          // What is read ahead opens a connection as well, and either of the two may be the first.
          if (nth % 3 !== 0) socket.resetAndDestroy();
          else sound();
        },
      });
    },
    lift: mend,
    expected: unknown("RegistryUnreachable"),
    ...unknownUntilMended,
  },
  {
    fault: "registry closes each connection when it is asked",
    inject: manifests((request) => void request.socket.destroy()),
    lift: mend,
    expected: unknown("RegistryUnreachable"),
    ...unknownUntilMended,
  },
  {
    fault: "TLS half closed: the registry takes the request and ends its side",
    inject: manifests((request) => void request.socket.end()),
    lift: mend,
    expected: unknown("RegistryUnreachable"),
    ...unknownUntilMended,
  },
];
