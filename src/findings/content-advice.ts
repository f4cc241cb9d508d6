import type { ContentAdvice } from "../prediction/index.js";
import { causeEntry } from "./catalogue.js";
import { blobLabel, shownType } from "./content-blobs.js";
import type { Advisory } from "./types.js";

/** What is worth telling about an image that can be pulled. */
export function contentAdvisory(advice: ContentAdvice): Advisory {
  switch (advice.kind) {
    case "architecture":
      return {
        cause: "ArchitectureMismatch",
        message: `the image is for ${advice.image}, the nodes are ${advice.node}: exec format error ahead`,
        fix: `Build the image for ${advice.node}, or select nodes that are ${advice.image}.`,
      };
    case "artifact":
      return {
        cause: "ArtifactCannotStart",
        message: `the runtime pulls it, but this is an artifact (${shownType(advice.mediaType)}): no container starts from it`,
        fix: causeEntry("ArtifactCannotStart").fix,
      };
    case "layer-escape":
      return {
        cause: "LayerPathEscapes",
        message: `${blobLabel(advice.blob)} names ${JSON.stringify(advice.path.slice(0, 80))}, which leads out of the image; the runtime keeps it inside`,
        fix: causeEntry("LayerPathEscapes").fix,
      };
  }
}
