import type { IncomingMessage, ServerResponse } from "node:http";
import { send } from "./breakable-registry.js";
import { lyingRegistries } from "./registry-lies.js";
import {
  afterHello,
  certificate,
  denied,
  deniedWhileItLasts,
  mend,
  named,
  type RegistryRow,
  type RegistryWorld,
  rename,
  unknown,
  unknownUntilMended,
  untilDeadline,
} from "./registry-row.js";
import { silentRegistries } from "./registry-silence.js";

const encryption: readonly RegistryRow[] = [
  {
    fault: "TLS: the registry's certificate has expired",
    inject: certificate("expired"),
    lift: mend,
    expected: denied("CertificateExpired"),
    ...deniedWhileItLasts,
  },
  {
    fault: "TLS: the registry's certificate is for another name",
    inject: certificate("wrongName"),
    lift: mend,
    expected: denied("CertificateNameMismatch"),
    ...deniedWhileItLasts,
  },
  {
    fault: "TLS: the registry's certificate is of an authority that nodes do not trust",
    inject: certificate("stranger"),
    lift: mend,
    expected: denied("CertificateUntrusted"),
    ...deniedWhileItLasts,
  },
  {
    fault: "TLS: the handshake is cut off",
    inject: afterHello((socket) => void socket.end()),
    lift: mend,
    expected: unknown("RegistryUnreachable"),
    ...unknownUntilMended,
  },
  {
    fault: "TLS: the server knows no such name (alert unrecognized_name)",
    inject: afterHello((socket) => void socket.end(Buffer.from("15030300020270", "hex"))),
    lift: mend,
    expected: unknown("TlsHandshakeFailed"),
    ...unknownUntilMended,
  },
];

const resolution: readonly RegistryRow[] = [
  {
    fault: "DNS: no such name (NXDOMAIN)",
    inject: named({ kind: "fault", code: "ENOTFOUND" }),
    lift: rename,
    expected: unknown("RegistryNameNotFound"),
    ...unknownUntilMended,
  },
  {
    fault: "DNS: the server fails (SERVFAIL)",
    inject: named({ kind: "fault", code: "EAI_AGAIN" }),
    lift: rename,
    expected: unknown("RegistryNameNotFound"),
    ...unknownUntilMended,
  },
  {
    fault: "DNS: no answer",
    inject: named({ kind: "silence" }),
    lift: rename,
    expected: unknown("RegistryTimeout"),
    ...untilDeadline,
  },
  {
    fault: "DNS: the name has no address (ENODATA)",
    inject: named({ kind: "fault", code: "ENODATA" }),
    lift: rename,
    expected: unknown("RegistryNameNotFound"),
    ...unknownUntilMended,
  },
  {
    fault: "DNS: an answer without addresses",
    inject: named({ kind: "addresses", addresses: [] }),
    lift: rename,
    expected: unknown("RegistryNameNotFound"),
    ...unknownUntilMended,
  },
  {
    fault: "DNS: rebinding, the name comes to lead to the metadata address",
    inject: named({ kind: "addresses", addresses: ["169.254.169.254"] }),
    lift: rename,
    expected: unknown("RegistryAddressForbidden"),
    does: "Judges the address that is dialled, at each connection, and does not dial this one.",
    recovers: unknownUntilMended.recovers,
  },
];

const anyToken =
  (answer: (request: IncomingMessage, response: ServerResponse) => void) =>
  async ({ registry, tokens }: RegistryWorld): Promise<void> => {
    await registry.break({});
    await tokens.break({ request: answer });
  };
const mendTokens = ({ tokens }: RegistryWorld): Promise<void> => tokens.mend();

const tokenServer: readonly RegistryRow[] = [
  {
    fault: "token server down",
    auth: "bearer",
    inject: ({ tokens }) => tokens.break({ isDown: true }),
    lift: mendTokens,
    expected: unknown("TokenServerUnavailable"),
    ...unknownUntilMended,
  },
  {
    fault: "token server hangs",
    auth: "bearer",
    inject: anyToken(() => undefined),
    lift: mendTokens,
    expected: unknown("RegistryTimeout"),
    ...untilDeadline,
  },
  {
    fault: "token server answers 500",
    auth: "bearer",
    inject: anyToken((request, response) => send(request, response, 500, "text/plain", "no")),
    lift: mendTokens,
    expected: unknown("TokenServerUnavailable"),
    ...unknownUntilMended,
  },
  {
    fault: "token server lies: a login page instead of a token",
    auth: "bearer",
    inject: anyToken((request, response) => send(request, response, 200, "text/html", "<html>Log in</html>")),
    lift: mendTokens,
    expected: denied("TokenResponseInvalid"),
    ...deniedWhileItLasts,
  },
  {
    fault: "token server lies: a token that the registry does not accept",
    auth: "bearer",
    inject: anyToken((request, response) =>
      send(
        request,
        response,
        200,
        "application/json",
        '{"access_token":"nonsense","token":"nonsense","expires_in":300}',
      ),
    ),
    lift: mendTokens,
    expected: denied("RepositoryHidden"),
    ...deniedWhileItLasts,
  },
];

/** Every fault of a registry, its name and its token server. */
export const registryRows: readonly RegistryRow[] = [
  ...silentRegistries,
  ...lyingRegistries,
  ...encryption,
  ...resolution,
  ...tokenServer,
];
