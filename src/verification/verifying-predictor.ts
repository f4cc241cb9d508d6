import {
  type AskedNode,
  layerPlace,
  type Predictor,
  type PullOutcome,
  type PullQuestion,
} from "../prediction/index.js";
import type { RegistryClient } from "../registry/index.js";
import { layerQuestions, withVerdicts } from "./image-verification.js";
import type { LayerQuestion, LayerVerdict, LayerVerifier } from "./layer-verifier.js";

export interface VerifyingDeps {
  readonly predictor: Predictor;
  readonly client: Pick<RegistryClient, "session">;
  readonly verifier: LayerVerifier;
}

/** Layers of one image that are read at a time, as many as a node downloads by default. */
const layersAtATime = 3;

/**
 * A predictor that also reads every layer of an image that seems sound: what it then says of the image is what a node
 * would experience to the end of the pull. What could not be read leaves the image unknown.
 */
export function createVerifyingPredictor(deps: VerifyingDeps): Predictor {
  return {
    // The manifest alone is not what was asked for.
    recall: () => undefined,
    async predict(question, node, signal) {
      const outcome = await deps.predictor.predict(question, node, signal);
      return outcome.kind === "pulled" ? await verifyImage(deps, outcome, { question, node }, signal) : outcome;
    },
  };
}

async function verifyImage(
  { client, verifier }: VerifyingDeps,
  outcome: Extract<PullOutcome, { kind: "pulled" }>,
  { question, node }: { readonly question: PullQuestion; readonly node: AskedNode },
  signal: AbortSignal,
): Promise<PullOutcome> {
  const { image, content } = outcome.attempt;
  if (image === undefined) return outcome;
  if (content?.diffIds === undefined) {
    const blob = { kind: "config", digest: image.config.digest } as const;
    return {
      kind: "failed",
      attempts: [{ kind: "unverified", blob, reason: "the registry did not serve it in time" }],
    };
  }
  const asked = layerQuestions(client, outcome, question, node);
  const layers = await inOrder(asked, layersAtATime, (layer) => verifier.verify(layer, signal));
  const answered = withVerdicts(outcome, layers);
  const foreign = image.layers.findIndex(({ urls }) => (urls ?? []).length > 0);
  if (answered.kind === "failed" || foreign === -1) return answered;
  const reason = "the runtime takes it from addresses outside of the registry";
  return { kind: "failed", attempts: [{ kind: "unverified", blob: layerPlace(image, foreign), reason }] };
}

async function inOrder(
  questions: readonly LayerQuestion[],
  limit: number,
  verify: (question: LayerQuestion) => Promise<LayerVerdict>,
): Promise<readonly { readonly question: LayerQuestion; readonly verdict: LayerVerdict }[]> {
  const found: { question: LayerQuestion; verdict: LayerVerdict }[] = [];
  const pending = questions.entries();
  const work = async (): Promise<void> => {
    for (const [index, question] of pending) found[index] = { question, verdict: await verify(question) };
  };
  await Promise.all(Array.from({ length: limit }, work));
  return found;
}
