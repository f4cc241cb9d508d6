import { createClientV2 } from "docker-registry-client";
import { manifestAccept } from "../src/oci/index.js";
import { benchUser } from "./bench-user.js";

/**
 * HEAD of one manifest by docker-registry-client, login included, over plain HTTP with a new client each time. The client
 * offers no such call itself; this is its own request function with its own headers.
 */
export async function drcHead(address: string, repository: string, tag: string, withLogin: boolean): Promise<void> {
  const name = `${address}/${repository}`;
  const client = createClientV2({ name, scheme: "http", ...(withLogin ? benchUser : {}) });
  try {
    await new Promise<void>((resolve, reject) => {
      client.login((error) => (error ? reject(error) : resolve()));
    });
    const headers = { ...client._headers, accept: manifestAccept.join(", ") };
    const path = `/v2/${repository}/manifests/${tag}`;
    await new Promise<void>((resolve, reject) => {
      client._makeHttpRequest({ method: "head", url: client._url, path, headers }, (error, _request, responses) => {
        responses.at(-1)?.resume();
        if (error) reject(error);
        else resolve();
      });
    });
  } finally {
    client.close();
  }
}
