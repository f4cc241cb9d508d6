import { createHash } from "node:crypto";
import type { RegistryCredential } from "../credentials/index.js";
import {
  type AskedNode,
  type ContentAdvice,
  layerPlace,
  type PulledAttempt,
  type PullOutcome,
  type PullQuestion,
} from "../prediction/index.js";
import type { RegistryClient } from "../registry/index.js";
import type { LayerQuestion, LayerVerdict } from "./layer-verifier.js";

type Pulled = Extract<PullOutcome, { kind: "pulled" }>;

/** The layers of an image that a node would download, as questions to a verifier. */
export function layerQuestions(
  client: Pick<RegistryClient, "session">,
  outcome: Pulled,
  question: PullQuestion,
  node: AskedNode,
): readonly LayerQuestion[] {
  const { image, content } = outcome.attempt;
  if (image === undefined) return [];
  const credential = question.credentials[outcome.credentialIndex ?? 0];
  const session = client.session(credential);
  const source = { hosts: question.hosts, repository: question.reference.path, session };
  const rules = node.dialect.content;
  const { layers: uses } = rules.plan(image);
  const scope = scopeOf(question, credential);
  return image.layers.flatMap((layer, index): readonly LayerQuestion[] => {
    const use = uses[index];
    // Layers with addresses of their own come from there, where Pullguard does not go.
    if (use === undefined || use.kind === "unused" || (layer.urls ?? []).length > 0) return [];
    const { digest, sizeBytes } = layer;
    const asked = { source, digest, sizeBytes, rules, place: layerPlace(image, index), scope };
    if (use.kind === "stored") return [asked];
    const packing = rules.packingOf(layer.mediaType);
    const diffId = content?.diffIds?.[use.diffIndex];
    return [{ ...asked, ...(packing === undefined ? {} : { packing }), ...(diffId === undefined ? {} : { diffId }) }];
  });
}

/** The outcome of an image whose manifest and config are sound, now that more is known of its layers. */
export function withVerdicts(
  outcome: Pulled,
  layers: readonly { readonly question: LayerQuestion; readonly verdict: LayerVerdict }[],
): PullOutcome {
  const { attempt } = outcome;
  const damaged = layers.find(({ verdict }) => verdict.kind === "damaged")?.verdict;
  if (damaged?.kind === "damaged") {
    const doubt = damaged.doubt === undefined ? {} : { doubt: damaged.doubt };
    const { digest, via } = attempt;
    return { kind: "failed", attempts: [{ kind: "content", digest, via, problem: damaged.problem, ...doubt }] };
  }
  for (const { question, verdict } of layers) {
    if (verdict.kind !== "unread") continue;
    return { kind: "failed", attempts: [{ kind: "unverified", blob: question.place, reason: verdict.reason }] };
  }
  const advices = layers.flatMap(({ verdict }) => (verdict.kind === "sound" ? verdict.advices : []));
  return advices.length === 0 ? outcome : { ...outcome, attempt: withAdvices(attempt, advices) };
}

function withAdvices(attempt: PulledAttempt, advices: readonly ContentAdvice[]): PulledAttempt {
  const content = attempt.content ?? { advices: [] };
  return { ...attempt, content: { ...content, advices: [...content.advices, ...advices] } };
}

/** By hosts and identity, not by repository: that this identity may read the layer there was seen when it was probed. */
function scopeOf({ hosts }: PullQuestion, credential: RegistryCredential | undefined): string {
  const hash = createHash("sha256").update(JSON.stringify(hosts)).digest("base64url");
  return `${hash}\n${credential?.identity ?? "anonymous"}`;
}
