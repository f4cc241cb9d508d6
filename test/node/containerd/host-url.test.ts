import assert from "node:assert/strict";
import { parseHostUrl, portOf } from "../../../src/node/containerd/host-url.js";

describe("host values of hosts.toml", () => {
  const cases: readonly {
    value: string;
    override?: boolean;
    want: readonly [scheme: string, host: string, path: string] | undefined;
  }[] = [
    { value: "https://a", want: ["https", "a", "/v2"] },
    { value: "a:5000", want: ["https", "a:5000", "/v2"] },
    { value: "a:5000/x", want: ["https", "a:5000", "/x/v2"] },
    { value: "http://a:80/", want: ["http", "a:80", "/v2"] },
    { value: "https://a/v2/", want: ["https", "a", "/v2"] },
    { value: "https://a/xv2", want: ["https", "a", "/xv2/v2"] },
    { value: "https://a/b/../c/", want: ["https", "a", "/c/v2"] },
    { value: "https://a//", want: ["https", "a", "/v2"] },
    { value: "https://a/p/", override: true, want: ["https", "a", "/p"] },
    { value: "https://a", override: true, want: ["https", "a", ""] },
    { value: "https://a/", override: true, want: ["https", "a", ""] },
    { value: "https://a/%41%2fb", want: ["https", "a", "/A/b/v2"] },
    { value: "https://u:p@a:99/q?x=1#f", want: ["https", "a:99", "/q/v2"] },
    { value: "httpS://X.y", want: ["https", "X.y", "/v2"] },
    { value: "https://[::1]:5000", want: ["https", "[::1]:5000", "/v2"] },
    { value: "https://bücher.test/é", want: ["https", "bücher.test", "/é/v2"] },
    { value: "httpd.test:5000", want: ["httpd.test", "", "/v2"] },
    { value: "http", want: ["", "", "/http/v2"] },
    { value: "https:///x", want: ["https", "", "/x/v2"] },
    { value: "HTTPS://x", want: ["https", "HTTPS:", "/x/v2"] },
    { value: "https://a b", want: undefined },
    { value: "https://a:b", want: undefined },
    { value: "https://a%41b", want: undefined },
    { value: "https://a/%zz", want: undefined },
    { value: "https://a#%zz", want: undefined },
    { value: "https://u p@a", want: undefined },
    { value: "https://[::1", want: undefined },
    { value: "https://a\tb", want: undefined },
  ];
  for (const { value, override = false, want } of cases) {
    it(`${JSON.stringify(value)}${override ? " with override_path" : ""} is ${want?.join(" ") ?? "refused"}`, () => {
      const url = parseHostUrl(value, override);
      assert.deepEqual(url === undefined ? undefined : [url.scheme, url.host, url.path], want);
    });
  }

  it("a port is what follows the one colon outside brackets", () => {
    const addresses = ["a:5000", "a", "a:", "[::1]:443", "[::1]", "::1", "a:1:2"];
    assert.deepEqual(addresses.map(portOf), ["5000", "", "", "443", "", "", ""]);
  });
});
