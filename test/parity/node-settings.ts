import { knowsAuthority, type RegistrySpec } from "../support/lab/index.js";
import { hostsFile, oneCaseEach, type Scenario, together, withNode } from "./scenario.js";

const ca = '  ca = "lab-ca.pem"';
const stranger = { kind: "stranger" } as const;
const http = { kind: "http" } as const;
const trusted = { kind: "trusted" } as const;

/** What a hosts.toml may say about certificates, schemes, paths and capabilities. */
const hostTables: readonly RegistrySpec[] = [
  {
    ...withNode(
      "skipverify.test",
      'server = "https://skipverify.test"',
      '[host."https://skipverify.test"]',
      "  skip_verify = true",
    ),
    transport: stranger,
  },
  {
    ...withNode("skipself.test", '[host."https://skipself.test"]', "  skip_verify = true"),
    transport: { kind: "self-signed" },
  },
  {
    ...withNode("skipname.test", '[host."https://skipname.test"]', "  skip_verify = true"),
    transport: { kind: "trusted", names: ["nobody.test"] },
  },
  {
    ...withNode("skipexpired.test", '[host."https://skipexpired.test"]', "  skip_verify = true"),
    transport: { kind: "trusted", validity: "expired" },
  },
  {
    ...withNode("skipfalse.test", '[host."https://skipfalse.test"]', "  skip_verify = false", ca),
  },
  {
    ...withNode(
      "skiproot.test",
      'server = "https://skiproot.test"',
      "skip_verify = true",
      '[host."https://e404all.test"]',
      ca,
    ),
    transport: stranger,
  },
  withNode("rootonly.test", 'server = "https://rootonly.test"', 'ca = "lab-ca.pem"'),
  withNode("rootca.test", 'ca = "lab-ca.pem"', '[host."https://e404all.test"]', ca),
  withNode("hostonlyca.test", 'server = "https://hostonlyca.test"', '[host."https://e404all.test"]', ca),
  withNode("noscheme.test", 'server = "noscheme.test"', '[host."noscheme.test"]', ca),
  withNode("calist.test", '[host."https://calist.test"]', '  ca = ["lab-ca.pem"]'),
  withNode("camissing.test", '[host."https://camissing.test"]', '  ca = "absent.pem"'),
  withNode(
    "camissing-elsewhere.test",
    '[host."https://e404all.test"]',
    '  ca = "absent.pem"',
    '[host."https://camissing-elsewhere.test"]',
    ca,
  ),
  {
    ...withNode("cabroken.test", '[host."https://cabroken.test"]', '  ca = "broken.pem"'),
    node: {
      ...hostsFile('[host."https://cabroken.test"]', '  ca = "broken.pem"'),
      "broken.pem": "not a certificate\n",
    },
  },
  withNode("clientmissing.test", '[host."https://clientmissing.test"]', ca, '  client = "absent.pem"'),
  withNode(
    "capresolve.test",
    'server = "https://e404all.test"',
    'ca = "lab-ca.pem"',
    '[host."https://capresolve.test"]',
    '  capabilities = ["resolve"]',
    ca,
  ),
  withNode(
    "cappull.test",
    'server = "https://e404all.test"',
    'ca = "lab-ca.pem"',
    '[host."https://cappull.test"]',
    '  capabilities = ["pull"]',
    ca,
  ),
  withNode("cappush.test", '[host."https://cappush.test"]', '  capabilities = ["push"]', ca),
  withNode("capnone.test", '[host."https://capnone.test"]', "  capabilities = []", ca),
  withNode("capunknown.test", '[host."https://capunknown.test"]', '  capabilities = ["pull", "resolve", "fly"]', ca),
  withNode(
    "capreferrers.test",
    '[host."https://capreferrers.test"]',
    '  capabilities = ["pull", "resolve", "referrers"]',
    ca,
  ),
  withNode("unknownkey.test", "colour = 3", '[host."https://unknownkey.test"]', '  shape = "round"', ca),
  withNode("wrongtype.test", '[host."https://wrongtype.test"]', '  skip_verify = "yes"', ca),
  withNode("notoml.test", "[host", ca),
  withNode("dialtimeout.test", '[host."https://dialtimeout.test"]', ca, '  dial_timeout = "5s"'),
  withNode("subdir.test", 'server = "https://e503.test"', '[host."https://sub.test/proxy"]', ca),
  withNode(
    "subslash.test",
    'server = "https://e503.test"',
    '[host."https://sub.test/proxy/v2/"]',
    ca,
    "  override_path = true",
  ),
  withNode("subv2.test", 'server = "https://e503.test"', '[host."https://sub.test/proxy/v2"]', ca),
  withNode(
    "overridewrong.test",
    'server = "https://e404all.test"',
    'ca = "lab-ca.pem"',
    '[host."https://ok.test/other"]',
    ca,
    "  override_path = true",
  ),
  {
    ...withNode(
      "header.test",
      '[host."https://header.test"]',
      ca,
      '  [host."https://header.test".header]',
      '    x-door = "open"',
    ),
    behaviours: [{ kind: "needs-header", name: "x-door", value: "open" }],
  },
  {
    ...withNode(
      "headerlist.test",
      '[host."https://headerlist.test"]',
      ca,
      '  [host."https://headerlist.test".header]',
      '    x-door = ["open"]',
    ),
    behaviours: [{ kind: "needs-header", name: "x-door", value: "open" }],
  },
  {
    ...withNode("headerless.test", '[host."https://headerless.test"]', ca),
    behaviours: [{ kind: "needs-header", name: "x-door", value: "open" }],
  },
];

/** Files beside or instead of a hosts.toml. */
const certificateFiles: readonly RegistrySpec[] = [
  { host: "crtempty.test", port: 443, transport: trusted, node: { "hosts.toml": "", "ca.crt": "{ca}" } },
  {
    host: "crtshadowed.test",
    port: 443,
    transport: trusted,
    node: { "hosts.toml": '[host."https://crtshadowed.test"]\n', "ca.crt": "{ca}" },
  },
  { host: "crtnotoml.test", port: 443, transport: trusted, node: { "hosts.toml": "[host\n", "ca.crt": "{ca}" } },
  {
    host: "crtserveronly.test",
    port: 443,
    transport: trusted,
    node: { "hosts.toml": 'server = "https://crtserveronly.test"\n', "ca.crt": "{ca}" },
  },
  { host: "pemonly.test", port: 443, transport: trusted, node: { "ca.pem": "{ca}" } },
  { host: "crtbroken.test", port: 443, transport: trusted, node: { "ca.crt": "not a certificate\n" } },
  { host: "crttwo.test", port: 443, transport: trusted, node: { "a.crt": "not a certificate\n", "b.crt": "{ca}" } },
  { host: "certnokey.test", port: 443, transport: trusted, node: { "ca.crt": "{ca}", "client.cert": "{ca}" } },
  {
    host: "commented.test",
    port: 443,
    transport: trusted,
    node: { "hosts.toml": "# nothing yet\n", "ca.crt": "{ca}" },
  },
];

/** Plain HTTP in its spellings. */
const plain: readonly RegistrySpec[] = [
  { host: "httpnoport.test", port: 80, transport: http },
  {
    host: "httpskip.test",
    port: 5000,
    transport: http,
    node: hostsFile('[host."http://httpskip.test:5000"]', "  skip_verify = true"),
  },
  { host: "httpca.test", port: 5000, transport: http, node: hostsFile('[host."http://httpca.test:5000"]', ca) },
  {
    host: "httpsskip.test",
    port: 5000,
    transport: http,
    node: hostsFile('[host."https://httpsskip.test:5000"]', "  skip_verify = true"),
  },
  {
    host: "tlsbehindhttp.test",
    port: 8443,
    transport: trusted,
    node: hostsFile('[host."http://tlsbehindhttp.test:8443"]', "  skip_verify = true"),
  },
  {
    host: "tlsbehindhttpca.test",
    port: 8443,
    transport: trusted,
    node: hostsFile('[host."http://tlsbehindhttpca.test:8443"]', ca),
  },
  { host: "tlsashttp.test", port: 8443, transport: trusted, node: hostsFile('[host."http://tlsashttp.test:8443"]') },
  {
    host: "httpportless.test",
    port: 5000,
    transport: http,
    node: hostsFile('[host."http://httpportless.test"]', "  skip_verify = true"),
  },
  {
    host: "hangingtls.test",
    port: 5000,
    transport: http,
    behaviours: [{ kind: "hang-in-handshake" }],
    node: hostsFile('[host."http://hangingtls.test:5000"]', "  skip_verify = true"),
  },
];

const plainPort80: Scenario = {
  registries: [
    { host: "http80.test", port: 80, transport: http },
    { host: "http80set.test", port: 80, transport: http },
    { host: "http80skip.test", port: 80, transport: http },
  ],
  nodeOnly: {
    "http80set.test": hostsFile('[host."http://http80set.test"]'),
    "http80skip.test": hostsFile('[host."http://http80skip.test"]', "  skip_verify = true"),
  },
  cases: [
    { id: "http-80-without-port", image: "http80.test/team/app:v1" },
    { id: "http-80-set-without-port", image: "http80set.test/team/app:v1" },
    { id: "http-80-skip-without-port", image: "http80skip.test/team/app:v1" },
    { id: "http-80-set-with-port", image: "http80set.test:80/team/app:v1" },
  ],
};

/** Names of folders. */
const folders: Scenario = {
  registries: [
    { host: "folderform.test", port: 8443, transport: trusted },
    { host: "folderhost.test", port: 8443, transport: trusted },
    { host: "folderboth.test", port: 8443, transport: trusted },
    { host: "FolderCase.test", port: 443, transport: trusted },
  ],
  nodeOnly: {
    "folderform.test_8443_": knowsAuthority("folderform.test:8443"),
    "folderhost.test": knowsAuthority("folderhost.test:8443"),
    "folderboth.test_8443_": knowsAuthority("folderboth.test:8443"),
    "folderboth.test:8443": { "ca.crt": "not a certificate\n" },
    "foldercase.test": knowsAuthority("FolderCase.test"),
  },
  cases: [
    { id: "folder-underscores", image: "folderform.test:8443/team/app:v1" },
    { id: "folder-without-port", image: "folderhost.test:8443/team/app:v1" },
    { id: "folder-both-forms", image: "folderboth.test:8443/team/app:v1" },
    { id: "folder-other-case", image: "FolderCase.test/team/app:v1" },
    { id: "explicit-443", image: "ok.test:443/team/app:v1" },
    { id: "wrong-port", image: "ok.test:444/team/app:v1" },
    { id: "http-to-https-port", image: "okport.test/team/app:v1" },
    { id: "upper-case-host", image: "OK.test/team/app:v1" },
  ],
};

/** Loopback addresses, for which other rules hold. */
const localhost: Scenario = {
  registries: [
    { host: "127.0.77.210", port: 5000, transport: http },
    { host: "127.0.77.210", port: 80, transport: http },
    { host: "127.0.77.211", port: 5000, transport: { kind: "self-signed" } },
    { host: "127.0.77.211", port: 443, transport: { kind: "self-signed" } },
    { host: "127.0.77.212", port: 443, transport: http },
    { host: "127.0.77.213", port: 80, transport: stranger },
    { host: "localhost", port: 5005, transport: http },
    { host: "localhost", port: 8444, transport: stranger },
    {
      host: "127.0.77.214",
      port: 5000,
      transport: stranger,
      node: hostsFile('[host."https://127.0.77.214:5000"]', ca),
    },
    { host: "127.0.77.215", port: 5000, transport: http, node: hostsFile('[host."https://127.0.77.215:5000"]', ca) },
    { host: "127.0.77.216", port: 5000, transport: stranger, node: hostsFile('[host."https://127.0.77.216:5000"]') },
    { host: "127.0.77.217", port: 5000, transport: http, behaviours: [{ kind: "status", status: 503 }] },
  ],
  cases: [
    { id: "loopback-http", image: "127.0.77.210:5000/team/app:v1" },
    { id: "loopback-http-80", image: "127.0.77.210:80/team/app:v1" },
    { id: "loopback-http-no-port", image: "127.0.77.210/team/app:v1" },
    { id: "loopback-self-signed", image: "127.0.77.211:5000/team/app:v1" },
    { id: "loopback-self-signed-443", image: "127.0.77.211/team/app:v1" },
    { id: "loopback-self-signed-explicit-443", image: "127.0.77.211:443/team/app:v1" },
    { id: "loopback-http-on-443", image: "127.0.77.212:443/team/app:v1" },
    { id: "loopback-http-on-443-no-port", image: "127.0.77.212/team/app:v1" },
    { id: "loopback-tls-on-80", image: "127.0.77.213:80/team/app:v1" },
    { id: "loopback-refused", image: "127.0.77.213:5001/team/app:v1" },
    { id: "localhost-http", image: "localhost:5005/team/app:v1" },
    { id: "localhost-stranger", image: "localhost:8444/team/app:v1" },
    { id: "localhost-refused", image: "localhost:5006/team/app:v1" },
    { id: "localhost-no-port", image: "localhost/team/app:v1" },
    { id: "loopback-ca-set", image: "127.0.77.214:5000/team/app:v1" },
    { id: "loopback-http-ca-set", image: "127.0.77.215:5000/team/app:v1" },
    { id: "loopback-host-table", image: "127.0.77.216:5000/team/app:v1" },
    { id: "loopback-503", image: "127.0.77.217:5000/team/app:v1" },
  ],
};

/** Everything about a node's certs.d. */
export const nodeSettings: Scenario = together([
  oneCaseEach(hostTables),
  {
    registries: [],
    cases: [
      { id: "capresolve-digest", image: "capresolve.test/team/app@{team/app:v1}" },
      { id: "cappull-digest", image: "cappull.test/team/app@{team/app:v1}" },
      { id: "cappush-digest", image: "cappush.test/team/app@{team/app:v1}" },
    ],
  },
  oneCaseEach(certificateFiles),
  oneCaseEach(plain),
  plainPort80,
  folders,
  localhost,
]);
