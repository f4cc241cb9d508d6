import type { Check } from "../check/index.js";
import type { SecretSource } from "../credentials/index.js";
import type { Predictor, PullOutcome, PullQuestion } from "../prediction/index.js";
import type { ObservedRequest } from "../registry/index.js";
import type { LayerVerifier } from "../verification/index.js";
import type { SpanAttributes, Tracer } from "./tracer.js";

/** What a check is put together from, with a span for each thing that it does. */
export interface TracedPorts {
  check(check: Check): Check;
  secrets(source: SecretSource): SecretSource;
  predictor(predictor: Predictor): Predictor;
  verifier(verifier: LayerVerifier): LayerVerifier;
  request(request: ObservedRequest): void;
}

/** No span holds a credential, a header, a query or a body: names of images and Secrets, hosts, statuses and kinds of faults. */
export function tracedPorts(tracer: Tracer): TracedPorts {
  return {
    check: (check) => (input, signal) =>
      tracer.within("check", { attributes: { "pullguard.workloads": input.workloads.length } }, async (span) => {
        const report = await check(input, signal);
        const { pullable, unpullable, skipped, unknown } = report.summary;
        span.set({
          "pullguard.images.pullable": pullable,
          "pullguard.images.unpullable": unpullable,
          "pullguard.images.skipped": skipped,
          "pullguard.images.unknown": unknown,
        });
        return report;
      }),
    secrets: (source) => tracedSecrets(tracer, source),
    predictor: (predictor) => tracedPredictor(tracer, predictor),
    verifier: (verifier) => tracedVerifier(tracer, verifier),
    request: ({ registry, method, status, fault, durationMs }) => {
      const attributes = { "http.request.method": method, ...serverOf(registry), "http.response.status_code": status };
      const failed = fault ?? (status !== undefined && status >= 400 ? String(status) : undefined);
      const failure = failed === undefined ? {} : { failure: failed };
      tracer.passed(method, { kind: "client", attributes }, { durationMs, ...failure });
    },
  };
}

function tracedSecrets(tracer: Tracer, source: SecretSource): SecretSource {
  return {
    secret: (namespace, name, signal) => {
      const attributes = { "k8s.namespace.name": namespace, "k8s.secret.name": name };
      return tracer.within("read secret", { attributes }, async (span) => {
        const found = await source.secret(namespace, name, signal);
        span.set({ "pullguard.lookup": found.kind });
        return found;
      });
    },
    serviceAccount: (namespace, name, signal) => {
      const attributes = { "k8s.namespace.name": namespace, "k8s.serviceaccount.name": name };
      return tracer.within("read service account", { attributes }, async (span) => {
        const found = await source.serviceAccount(namespace, name, signal);
        span.set({ "pullguard.lookup": found.kind });
        return found;
      });
    },
  };
}

function tracedPredictor(tracer: Tracer, predictor: Predictor): Predictor {
  const attributesOf = ({ reference, credentials, hosts }: PullQuestion): SpanAttributes => ({
    "container.image.name": `${reference.domain}/${reference.path}`,
    "container.image.tags": reference.tag === undefined ? undefined : [reference.tag],
    "container.image.repo_digests": reference.digest === undefined ? undefined : [reference.digest],
    "pullguard.credentials": credentials.filter((credential) => credential !== undefined).length,
    "pullguard.hosts": hosts.map(({ address }) => address),
  });
  return {
    recall(question, node) {
      const known = predictor.recall(question, node);
      if (known !== undefined) {
        const attributes = { ...attributesOf(question), ...outcomeOf(known), "pullguard.cache": "hit" };
        tracer.passed("predict pull", { attributes }, { durationMs: 0 });
      }
      return known;
    },
    predict: (question, node, signal) => {
      const attributes = { ...attributesOf(question), "pullguard.runtime": node.dialect.id, "pullguard.cache": "miss" };
      return tracer.within("predict pull", { attributes }, async (span) => {
        const outcome = await predictor.predict(question, node, signal);
        span.set(outcomeOf(outcome));
        return outcome;
      });
    },
  };
}

function outcomeOf(outcome: PullOutcome): SpanAttributes {
  if (outcome.kind === "pulled") return { "pullguard.outcome": "pulled" };
  return { "pullguard.outcome": "failed", "pullguard.attempts": outcome.attempts.map(({ kind }) => kind) };
}

/** Layers are read when there is time: in traces of their own, with a link to the review that wanted them. */
function tracedVerifier(tracer: Tracer, verifier: LayerVerifier): LayerVerifier {
  const wantedBy = new WeakMap<object, unknown>();
  return {
    ...verifier,
    recall(question) {
      const known = verifier.recall(question);
      const here = tracer.here();
      if (known === undefined && here !== undefined) wantedBy.set(question, here);
      return known;
    },
    verify: (question, signal) => {
      const attributes = { "pullguard.layer.digest": question.digest, "pullguard.layer.size": question.sizeBytes };
      return tracer.within("verify layer", { attributes, linkedTo: wantedBy.get(question) }, async (span) => {
        const verdict = await verifier.verify(question, signal);
        span.set({ "pullguard.verdict": verdict.kind });
        return verdict;
      });
    },
  };
}

/** Host and port of an address as registries have it. */
function serverOf(registry: string): SpanAttributes {
  const [, address, port] = /^(.*):(\d{1,5})$/.exec(registry) ?? [undefined, registry, undefined];
  return { "server.address": address, "server.port": port === undefined ? undefined : Number(port) };
}
