import { canary } from "../target.js";

/** Files as nodes have them, by the name of the target that reads them. */
export const nodeFileSeeds: Readonly<Record<string, readonly string[]>> = {
  "hosts-toml": [
    'server = "https://reg.test"\n[host."https://mirror.test:5000/v2"]\n  capabilities = ["pull", "resolve"]\n  ca = ["ca.pem"]\n  skip_verify = true\n',
    `[host."http://m.test"]\noverride_path = true\ndial_timeout = "1m30s"\n[host."http://m.test".header]\nAuthorization = ["Bearer ${canary}"]\n`,
    `server = "https://user:${canary}@reg.test/x?y#z"\n`,
    '[host]\n[host."a"]\nclient = [["c.pem", "k.pem"], "x"]\n[host."b"]\ncapabilities = ["push", "nothing"]\n',
    'host = { "a" = { ca = "x" } }\n"a b"."c" = 1\n"""',
  ],
  "containerd-config": [
    'version = 2\nimports = ["conf.d/*.toml"]\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/containerd/certs.d:/x"\n',
    `version = 2\n[plugins."io.containerd.grpc.v1.cri".registry.configs."reg.test:5000".auth]\nusername = "u"\npassword = "${canary}"\n[plugins."io.containerd.grpc.v1.cri".registry.mirrors."reg.test:5000"]\nendpoint = ["http://m.test", "https://reg.test:5000"]\n`,
    `[plugins.cri.registry.configs."reg.test:5000".tls]\ninsecure_skip_verify = true\nca_file = "/x"\n[plugins.cri.registry.mirrors."*"]\nendpoint = ["https://u:${canary}@m.test/v2"]\n`,
    'version = 3\ndisabled_plugins = ["cri"]\n[plugins."io.containerd.cri.v1.images"]\nmax_concurrent_downloads = 3\nimage_pull_progress_timeout = "5m"\nuse_local_image_pull = true\n[plugins."io.containerd.cri.v1.images".registry]\nconfig_path = ""\n',
    "version = 9\n",
  ],
  "registries-conf": [
    'unqualified-search-registries = ["docker.io", "reg.test:5000"]\nshort-name-mode = "enforcing"\n[[registry]]\nprefix = "reg.test:5000/team"\nlocation = "other.test/x"\n[[registry.mirror]]\nlocation = "m.test"\ninsecure = true\npull-from-mirror = "digest-only"\n',
    '[[registry]]\nprefix = "*.b.test"\nblocked = true\n[aliases]\n"nginx" = "a.test/nginx"\n',
    '[registries.search]\nregistries = ["docker.io"]\n[registries.insecure]\nregistries = ["reg.test:5000"]\n[registries.block]\nregistries = []\n',
    'credential-helpers = ["secretservice"]\n[[registry]]\nlocation = "a.b.test/"\nmirror-by-digest-only = true\n',
  ],
  "policy-json": [
    '{"default":[{"type":"insecureAcceptAnything"}],"transports":{"docker":{"reg.test:5000":[{"type":"reject"}],"*.b.test":[{"type":"signedBy","keyType":"GPGKeys","keyPath":"/x"}]},"docker-daemon":{"":[{"type":"reject"}]}}}',
    '{"default":[{"type":"reject"}]}',
    '{"default":[]}',
  ],
  "crio-conf": [
    '[crio.image]\ninsecure_registries = ["reg.test:5000", "10.0.0.0/8"]\nregistries = ["docker.io"]\nsignature_policy = "/etc/containers/policy.json"\nglobal_auth_file = "/x"\n',
    '[crio]\n[crio.image]\nshort_name_mode = "disabled"\npull_progress_timeout = "10s"\n',
  ],
  "daemon-json": [
    '{"insecure-registries":["reg.test:5000","10.0.0.0/8","http://x"],"registry-mirrors":["https://m.test/"],"max-concurrent-downloads":3}',
    `{"proxies":{"http-proxy":"http://u:${canary}@p.test:3128","no-proxy":"*.test,10.0.0.0/8"},"features":{"containerd-snapshotter":true}}`,
    '{"registry-mirrors":["http://m.test/v2"],"insecure-registry":["x"],}',
    "",
    "{}",
  ],
  "node-credentials": [
    `{"auths":{"reg.test:5000":{"auth":"dTpw"},"docker.io":{"username":"u","password":"${canary}"}}}`,
    '{"credHelpers":{"x":"y"}}',
  ],
  "runtime-units": [
    `[Service]\nEnvironment="HTTPS_PROXY=http://u:${canary}@p.test:3128" "NO_PROXY=.test,10.0.0.0/8"\n`,
    "[Service]\nEnvironment=HTTP_PROXY=socks5://p.test\nEnvironmentFile=-/etc/x\nExecStart=\nExecStart=/usr/bin/containerd --config /x \\\n  --y\n",
  ],
  "environment-files": [
    `HTTPS_PROXY="http://u:${canary}@p.test:3128"\nNO_PROXY='a.test',b\n# x\nexport X=1\n`,
    "A=b\\\nc\n;d\nDOCKER_OPTS=--insecure-registry=x\n",
  ],
  "certificate-files": [
    "-----BEGIN CERTIFICATE-----\nMIIBhTCCASugAwIBAgIQIRi6zePL6mKjOipn+dNuaTAKBggqhkjOPQQDAjASMRAwDgYDVQQKEwdBY21lIENvMB4XDTE3MTAyMDE5NDMwNloXDTE4MTAyMDE5NDMwNlowEjEQMA4GA1UEChMHQWNtZSBDbzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABD0d7VNhbWvZLWPuj/RtHFjvtJBEwOkhbN/BnnE8rnZR8+sbwnc/KhCk3FhnpHZnQz7B5aETbbIgmuvewdjvSBSjYzBhMA4GA1UdDwEB/wQEAwICpDATBgNVHSUEDDAKBggrBgEFBQcDATAPBgNVHRMBAf8EBTADAQH/MCkGA1UdEQQiMCCCDmxvY2FsaG9zdDo1NDUzgg4xMjcuMC4wLjE6NTQ1MzAKBggqhkjOPQQDAgNIADBFAiEA2zpJEPQyz6/l2v6b4Fcp3u1Bo3yFqO9j9J9rXy3v7eACIGYvDLmCb6G6mdTKw2ojjC8a3oXwHtRDbBYBZyS0Wj5e\n-----END CERTIFICATE-----\n",
    "-----BEGIN PRIVATE KEY-----\nMC4CAQA\n-----END PRIVATE KEY-----\n",
  ],
};
