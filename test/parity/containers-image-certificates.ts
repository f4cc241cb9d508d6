import type { PodmanNode } from "./containers-image-node.js";
import { mirror, registriesConf, registry, type WrittenNode } from "./containers-image-words.js";

/** Folders of certificates on a node that has no other. */
export function certificates(
  ca: string,
  stranger: string,
  client: { readonly cert: string; readonly key: string },
): readonly WrittenNode[] {
  const image = "twin.test/team/app:v1";
  const at = (name: string, files: PodmanNode, images: WrittenNode["images"] = [image]): WrittenNode => ({
    name: `certificates: ${name}`,
    files: { none: "", ...files },
    images,
  });
  const own = "/etc/containers/certs.d/twin.test";
  const docker = "/etc/docker/certs.d/twin.test";
  return [
    at("none", {}),
    at("a CA", { [`${own}/ca.crt`]: ca }),
    at("a CA of any name", { [`${own}/x.y.crt`]: ca }),
    at("a CA that ends in .pem", { [`${own}/ca.pem`]: ca }),
    at("a CA that ends in .cert", { [`${own}/ca.cert`]: ca }),
    at("a stranger's CA", { [`${own}/ca.crt`]: stranger }),
    at("two CAs", { [`${own}/a.crt`]: stranger, [`${own}/b.crt`]: ca }),
    at("two CAs in one file", { [`${own}/a.crt`]: stranger + ca }),
    at("noise", { [`${own}/a.crt`]: "noise\n" }),
    at("noise beside a CA", { [`${own}/a.crt`]: "noise\n", [`${own}/b.crt`]: ca }),
    at("Docker's folder", { [`${docker}/ca.crt`]: ca }),
    at("both folders", { [`${own}/a.crt`]: stranger, [`${docker}/ca.crt`]: ca }),
    at("an empty folder in front", { [`${own}/`]: "", [`${docker}/ca.crt`]: ca }),
    at("a file in place of the folder", { [own]: "x", [`${docker}/ca.crt`]: ca }),
    at("the user's folder", { "/root/.config/containers/certs.d/twin.test/ca.crt": ca }),
    at("a client pair", { [`${own}/ca.crt`]: ca, [`${own}/c.cert`]: client.cert, [`${own}/c.key`]: client.key }),
    at("a client certificate without key", { [`${own}/ca.crt`]: ca, [`${own}/c.cert`]: client.cert }),
    at("a key without certificate", { [`${own}/ca.crt`]: ca, [`${own}/c.key`]: client.key }),
    at("a pair that is none", { [`${own}/ca.crt`]: ca, [`${own}/c.cert`]: ca, [`${own}/c.key`]: client.key }),
    at("a broken pair", { [`${own}/ca.crt`]: ca, [`${own}/c.cert`]: "x", [`${own}/c.key`]: "y" }),
    at("a broken pair of an insecure registry", {
      [registriesConf]: registry('location = "twin.test"', "insecure = true"),
      [`${own}/c.cert`]: "x",
      [`${own}/c.key`]: "y",
    }),
    at("a folder without the port", { "/etc/containers/certs.d/okport.test/ca.crt": ca }, [
      "okport.test:8443/team/app:v1",
    ]),
    at("a folder with the port", { "/etc/containers/certs.d/okport.test:8443/ca.crt": ca }, [
      "okport.test:8443/team/app:v1",
    ]),
    at("a folder with port 443", { "/etc/containers/certs.d/twin.test:443/ca.crt": ca }, [
      image,
      "twin.test:443/team/app:v1",
    ]),
    at(
      "the mirror's folder counts",
      {
        [registriesConf]: registry('location = "e503.test"') + mirror('location = "twin.test"'),
        [`${own}/ca.crt`]: ca,
      },
      ["e503.test/team/app:v1"],
    ),
    at("a broken folder of a mirror", {
      [registriesConf]: registry('location = "twin.test"') + mirror('location = "ok.test"'),
      [`${own}/ca.crt`]: ca,
      "/etc/containers/certs.d/ok.test/c.key": client.key,
    }),
    at(
      "Docker Hub under its own name",
      {
        [registriesConf]: registry('prefix = "docker.io"', 'location = "hub.test"'),
        "/etc/containers/certs.d/docker.io/ca.crt": ca,
      },
      ["docker.io/team/app:v1"],
    ),
    at(
      "Docker Hub under the other's name",
      {
        [registriesConf]: registry('prefix = "docker.io"', 'location = "hub.test"'),
        "/etc/containers/certs.d/hub.test/ca.crt": ca,
      },
      ["docker.io/team/app:v1"],
    ),
    at("loopback is trusted no more than others", {}, ["127.0.77.230:5000/team/app:v1"]),
    at("loopback, insecure", { [registriesConf]: registry('location = "127.0.77.230:5000"', "insecure = true") }, [
      "127.0.77.230:5000/team/app:v1",
    ]),
  ];
}
