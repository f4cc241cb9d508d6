import type { RegistryHost } from "../node/index.js";
import type { BlobPlace, ContentProblem } from "../prediction/index.js";
import { repositoryName } from "../reference/index.js";
import { type Diagnosis, type DiagnosisContext, diagnose, hostLabel } from "./diagnosis.js";
import { shortDigest } from "./short-digest.js";

const blobKinds = [
  "blob-missing",
  "blob-size",
  "blob-digest",
  "config-unreadable",
  "layer-count",
  "not-an-image",
  "layer-type",
  "system-mismatch",
  "layer-diff-id",
  "layer-unpack",
] as const;

/** What is wrong with the blobs that a sound manifest lists. */
export type BlobProblem = Extract<ContentProblem, { kind: (typeof blobKinds)[number] }>;

/** Whether the problem lies behind the manifest. */
export function isBlobProblem(problem: ContentProblem): problem is BlobProblem {
  return (blobKinds as readonly string[]).includes(problem.kind);
}

/** The manifest is sound, but the config or a layer keeps the image from being pulled. */
export function diagnoseBlob(problem: BlobProblem, host: RegistryHost, context: DiagnosisContext): Diagnosis {
  const name = hostLabel(host, context.reference);
  const repository = repositoryName(context.reference);
  switch (problem.kind) {
    case "blob-missing": {
      const { blob } = problem;
      return diagnose(blob.kind === "config" ? "ConfigMissing" : "LayerMissing", context, {
        message: `${blobLabel(blob)} is listed by the manifest and not served by ${name}`,
        fix: `Push ${repository} again; a garbage collection may have removed the blob.`,
      });
    }
    case "blob-size":
      return diagnoseSize(problem, name, context);
    case "blob-digest": {
      const { blob, actual } = problem;
      return diagnose(blob.kind === "config" ? "ConfigCorrupt" : "LayerCorrupt", context, {
        message: `${name} serves other bytes for ${blobLabel(blob)} (they hash to ${shortDigest(actual)})`,
      });
    }
    case "config-unreadable":
      return diagnose("ConfigUnreadable", context, {
        message: `the image's config ${shortDigest(problem.digest)} cannot be read: ${problem.reason}`,
      });
    case "layer-count":
      return diagnose("ConfigInconsistent", context, {
        message: `the manifest has ${counted(problem.layers, "layer")}, the config lists ${problem.diffIds} of them`,
      });
    case "not-an-image":
      return diagnose("ArtifactNotImage", context, {
        message: `${repository} holds an artifact (${shownType(problem.mediaType)}), not a container image`,
      });
    case "layer-type":
      return diagnose("LayerTypeUnsupported", context, {
        message: `${blobLabel(problem.blob)} is of type ${shownType(problem.mediaType)}, which the runtime does not unpack`,
      });
    case "system-mismatch":
      return diagnose("PlatformNotFound", context, {
        message: `the image is for ${JSON.stringify(problem.os.slice(0, 32))}, which the nodes' runtime refuses`,
      });
    case "layer-diff-id":
      return diagnose("LayerDiffIdMismatch", context, {
        message: `${blobLabel(problem.blob)} unpacks to ${shortDigest(problem.actual)}, the config lists ${shortDigest(problem.expected)}`,
      });
    case "layer-unpack":
      return diagnose("LayerUnreadable", context, {
        message: `${blobLabel(problem.blob)} cannot be unpacked: ${problem.reason}`,
      });
  }
}

function diagnoseSize(
  { blob, declaredBytes, actualBytes }: Extract<BlobProblem, { kind: "blob-size" }>,
  host: string,
  context: DiagnosisContext,
): Diagnosis {
  const cause = blob.kind === "config" ? "ConfigCorrupt" : "LayerSizeMismatch";
  const message =
    actualBytes === undefined
      ? `the manifest says that ${blobLabel(blob)} has ${declaredBytes} bytes, which the runtime refuses`
      : `${blobLabel(blob)} has ${actualBytes} bytes at ${host}, the manifest says ${declaredBytes}`;
  return diagnose(cause, context, { message });
}

/** `layer 2 of 5 (sha256:0123…)`, or the config. */
export function blobLabel(blob: BlobPlace): string {
  const digest = blob.digest === "" ? "no digest" : shortDigest(blob.digest.slice(0, 200));
  return blob.kind === "config"
    ? `the image's config ${digest}`
    : `layer ${blob.index + 1} of ${blob.count} (${digest})`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** A media type as it may stand in a message: it was written by whoever pushed the image. */
export function shownType(mediaType: string): string {
  return mediaType === "" ? "without a type" : mediaType.slice(0, 100);
}
