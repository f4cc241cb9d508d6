import dockerRegistryClient from "docker-registry-client";
import type { SecondOpinion, SecondQuestion } from "./second-opinion.js";

function ask({ name, tag, user }: SecondQuestion): Promise<SecondOpinion> {
  const client = dockerRegistryClient.createClientV2({ name, scheme: "https", ...user });
  return new Promise((resolve) => {
    client.getManifest({ ref: tag, maxSchemaVersion: 2 }, (error, _manifest, _response, text) => {
      client.close();
      if (!error) resolve({ kind: "found", digest: dockerRegistryClient.digestFromManifestStr(text) });
      // It gives some refusals of the registry the status 404 and leaves the truth to the text.
      else if (/unauthorized/i.test(`${error.name} ${error.message}`)) resolve({ kind: "unauthorized" });
      else if ("statusCode" in error && error.statusCode === 404) resolve({ kind: "not-found" });
      else resolve({ kind: "failed", message: error.message });
    });
  });
}

const questions = JSON.parse(process.argv[2] ?? "[]") as readonly SecondQuestion[];
process.stdout.write(JSON.stringify(await Promise.all(questions.map(ask))));
