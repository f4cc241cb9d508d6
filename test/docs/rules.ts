import type { ShownCommand } from "./shown.js";

/** What becomes of commands in the tests. A command that no rule knows fails the test. */
export type Rule = {
  /** The command's whole text, or what it must match. */
  readonly match: string | RegExp;
} & (Run | NotRun);

/** It is run as it stands, but for words that readers replace. */
export interface Run {
  /** `clone`: in a clone, with registries on loopback. `cluster`: with a real API server as well. */
  readonly where: "clone" | "cluster";
  /** What readers put in place of a word. */
  readonly instead?: Readonly<Record<string, string>>;
  /** Exit code, 0 where absent. */
  readonly exit?: number;
  /** A command that makes what it takes, where no step before it does. */
  readonly first?: string;
  /** It goes on until it is stopped, and says so when it listens. */
  readonly serves?: boolean;
}

/** It is not run here, and why. */
export interface NotRun {
  readonly where: "elsewhere";
  readonly why: string;
}

const node = { "--node-root /": "--node-root node", REGISTRY: "docker.io", IMAGE: "nginx:1.27" };
const clone = (match: string, more: Omit<Run, "where"> = {}): Rule => ({ match, where: "clone", ...more });
const cluster = (match: string | RegExp, more: Omit<Run, "where"> = {}): Rule => ({ match, where: "cluster", ...more });
const elsewhere = (match: string | RegExp, why: string): Rule => ({ match, where: "elsewhere", why });

const inClone: readonly Rule[] = [
  clone("npx pullguard check nginx:1.27"),
  clone("npx pullguard check -f deploy/ --no-cluster -o json"),
  clone("npx pullguard check -f deploy/ --no-cluster"),
  clone("npx pullguard verify ghcr.io/acme/app:v3"),
  clone("npx pullguard verify ghcr.io/acme/app:v3 --limit-rate 20M"),
  clone("npx pullguard explain PullSecretMissing"),
  clone("npx pullguard simulate -f deploy/ --nodes 20 --bandwidth 100MiB/s --svg rollout.svg"),
  clone("pullguard simulate -f deploy/ --nodes 20 --bandwidth 100MiB/s --svg rollout.svg"),
  clone("npx pullguard node --node-root / docker.io", { instead: node }),
  clone("npx pullguard node --node-root / REGISTRY", { instead: node }),
  clone("pullguard node --node-root / IMAGE", { instead: node }),
  clone("npx pullguard trust ghcr.io"),
  clone("npx pullguard trust REGISTRY", { instead: node }),
  clone("pullguard trust REGISTRY", { instead: node }),
  clone("npx pullguard check IMAGE", { instead: node }),
  clone("pullguard check IMAGE -o json", { instead: node }),
  clone("pullguard verify IMAGE", { instead: node }),
  clone("node build/src/bin/pullguard.js check -f FILE --no-cluster", { instead: { FILE: "deploy.yaml" } }),
  clone("node build/src/bin/pullguard.js explain"),
  clone("node build/src/bin/pullguard.js certs --service pullguard --namespace pullguard-system"),
  clone("cp certs/ca.crt old-ca.crt"),
  clone("node build/src/bin/pullguard.js certs --service pullguard --namespace pullguard-system --force"),
  clone("cp certs/ca.crt new-ca.crt && cat old-ca.crt >> certs/ca.crt"),
  clone("mv new-ca.crt certs/ca.crt && rm old-ca.crt"),
  clone("pullguard check -f deploy/ -o sarif > pullguard.sarif"),
  clone("pullguard check -f deploy/ --node-profile gpu-pool.yaml --no-cluster"),
  clone("pullguard check -f rollout.yaml --pod-template-path 'Rollout.argoproj.io=spec.template'"),
  clone("pullguard serve --help"),
  clone("node -e 0"),
];

/** In this order, on a cluster where nothing is installed. */
const inCluster: readonly Rule[] = [
  cluster("kubectl kustomize manifests"),
  cluster("kubectl apply -k manifests"),
  cluster("kubectl -n pullguard-system rollout status deployment/pullguard"),
  cluster("kubectl create deployment probe --image=registry.example.invalid/none:v1 --dry-run=server -o name"),
  cluster("kubectl label namespace NAME pullguard.dev/mode=off", { instead: { NAME: "sandbox" } }),
  cluster("kubectl label namespace shop pullguard.dev/mode=deny"),
  cluster("kubectl -n pullguard-system get pods"),
  cluster("kubectl -n pullguard-system describe deployment/pullguard"),
  cluster("kubectl -n pullguard-node-agent get pods -o wide"),
  cluster("kubectl get nodepullprofiles"),
  cluster("kubectl get npp"),
  cluster("kubectl get pullguardconfigs"),
  cluster("kubectl describe pullguardconfig default", { first: "kubectl apply -f policy.yaml" }),
  cluster("kubectl get nodes -o json"),
  cluster("kubectl auth can-i --list --as=system:serviceaccount:pullguard-system:pullguard"),
  cluster("kubectl auth can-i list secrets --as=system:serviceaccount:pullguard-system:pullguard", { exit: 1 }),
  cluster(`kubectl -n pullguard-system patch secret pullguard-certificates -p '{"data":{"ca.key":null}}'`),
  cluster("npx pullguard check -f deploy.yaml -n NAMESPACE", { instead: { NAMESPACE: "shop" } }),
  cluster("kubectl pullguard check -f deploy/"),
  cluster("pullguard check -f deploy/ --nodes cluster"),
  cluster("pullguard explain secret NAME IMAGE", {
    instead: { "secret NAME IMAGE": "secret login registry.example.com/app:v1" },
  }),
  cluster("pullguard explain secret NAME IMAGE -n NAMESPACE", {
    instead: { "secret NAME IMAGE -n NAMESPACE": "secret login registry.example.com/app:v1 -n shop" },
  }),
  cluster("helm template . | pullguard check -f - --no-cluster -o github --fail-on unpullable", {
    instead: { "helm template .": "helm template chart" },
  }),
  cluster(
    "kustomize build overlays/prod | pullguard check -f - --pull-secret ~/.docker/config.json -o junit > pullguard.xml",
  ),
  cluster("npx pullguard audit -A", { exit: 1 }),
  cluster("npx pullguard audit -n shop -o json"),
  cluster("npx pullguard audit -A -o html > audit.html", { exit: 1 }),
  cluster("kubectl delete policyreports,clusterpolicyreports -A -l app.kubernetes.io/managed-by=pullguard", {
    first: "kubectl apply -f reports.yaml && kubectl wait --for=condition=Established -f reports.yaml",
  }),
  cluster("pullguard serve --audit", { serves: true }),
  cluster("pullguard serve --watch-pulls", { serves: true }),
  cluster("pullguard serve --trace-endpoint http://otel-collector.monitoring:4318 --trace-ratio 0.1", { serves: true }),
  cluster("pullguard serve --certificates self-managed", { serves: true }),
  cluster(
    "kubectl delete mutatingwebhookconfiguration/pullguard clusterrole/pullguard-mutation clusterrolebinding/pullguard-mutation",
    { first: "kubectl apply -k overlays/production" },
  ),
  cluster(/^mkdir -p overlays\/provided && cat > /),
  cluster("kubectl apply -k overlays/provided"),
  cluster("kubectl delete -k manifests --ignore-not-found"),
  cluster("kubectl apply -f manifests/namespace.yaml"),
  cluster("helm template pullguard manifests/chart --namespace pullguard-system"),
  cluster(
    "helm install pullguard manifests/chart --namespace pullguard-system --set image.repository=registry.example.com/pullguard",
  ),
  cluster("helm upgrade --install pullguard manifests/chart --namespace pullguard-system --values production.yaml"),
  cluster("helm upgrade pullguard manifests/chart --namespace pullguard-system --values production.yaml"),
  cluster("helm rollback pullguard --namespace pullguard-system"),
  cluster(
    "kubectl -n pullguard-system create secret generic pullguard-tls --type=kubernetes.io/tls --from-file=certs/tls.crt --from-file=certs/tls.key",
  ),
  cluster(
    "helm upgrade --install pullguard manifests/chart --namespace pullguard-system --values production.yaml --set certificates.mode=provided --set-file certificates.provided.caBundle=certs/ca.crt",
  ),
  cluster("kubectl delete validatingwebhookconfiguration/pullguard"),
  cluster("helm uninstall pullguard --namespace pullguard-system"),
  cluster("kubectl delete namespace pullguard-system"),
  cluster(
    "kubectl delete crd --ignore-not-found pullguardconfigs.pullguard.dev nodepullprofiles.pullguard.dev pullaudits.pullguard.dev",
  ),
];

const notRun: readonly Rule[] = [
  elsewhere(/^(npm ci|npm test|npm ci && npm (test|run (build|demo))|\.ci\/\S+.*)$/, ".ci/run does it, or is it"),
  elsewhere(/^npm ci --(ignore-scripts|omit=dev)$/, "it would replace the packages that this test runs with"),
  elsewhere(
    /^npm run [\w:]+( -- .*)?$|^npm run --silent sbom$/,
    "a suite, a measurement or a generator; the test looks whether it exists",
  ),
  elsewhere("node build/bench/audit.js 10000 30000 100000", "a measurement of an hour"),
  elsewhere(/^jq -r /, "reads a file that a measurement writes; jq need not be installed"),
  elsewhere(/^(docker|podman|kind) /, "it takes a container engine, a base image and a registry to push to"),
  elsewhere(/^kubectl apply -n shop -f web\.yaml/, "test/cluster-real/transcripts.ts runs it, and writes the page"),
  elsewhere(
    /^kubectl get deployment web -n shop -o jsonpath=/,
    "test/cluster-real/transcripts.ts runs it, and writes the page",
  ),
  elsewhere("kubectl apply -f config.yaml", "test/cluster-real/transcripts.ts runs it, and writes the page"),
  elsewhere(
    "kubectl apply -f deployment.yaml",
    "test/cluster-real/rights.ts creates this Deployment without the right",
  ),
  elsewhere(/ port-forward | logs /, "it takes a kubelet and a Pod that runs"),
  elsewhere(/^curl -s localhost:8080\//, "follows the port-forward in front of it"),
  elsewhere("kubectl -n pullguard-system describe certificate pullguard", "it takes cert-manager"),
  elsewhere(
    /^kubectl delete validatingwebhookconfiguration\/pullguard mutatingwebhookconfiguration\/pullguard$/,
    "the two deletions are run apart",
  ),
  elsewhere("helm uninstall pullguard", "shortened from docs/install.md, which is run"),
  elsewhere("export KUBEBUILDER_ASSETS=$(.ci/kube-apiserver)", ".ci/run does it"),
  elsewhere(
    /^(kubectl|helm) (apply|describe|events|kustomize|port-forward|describe pod|upgrade|upgrade --force|rollback|uninstall|template)$/,
    "the name of a command, with nothing to run",
  ),
  elsewhere(/^pullguard [a-z-]+( --[a-z-]+)?$/, "the name of a command; the test looks whether it exists"),
];

/** All rules; of several that match, the first counts. */
export const rules: readonly Rule[] = [...inClone, ...inCluster, ...notRun];

/** The rule for a command, undefined where there is none. */
export function ruleFor(text: string): Rule | undefined {
  return rules.find(({ match }) => (typeof match === "string" ? match === text : match.test(text)));
}

/** What is typed for a command of a page. */
function typed({ instead = {} }: Run, text: string): string {
  return Object.entries(instead).reduce((so, [word, value]) => so.replaceAll(word, value), text);
}

/** A command that is run: as the pages have it, and as it is typed. */
export interface Step {
  readonly text: string;
  readonly typed: string;
  readonly rule: Run;
}

/** Each command of the pages that is run there, in the order of the rules; what comes to the same is run once. */
export function stepsIn(where: Run["where"], shown: readonly ShownCommand[]): readonly Step[] {
  const steps = new Map<string, Step>();
  for (const rule of rules) {
    const text = shown.find((each) => ruleFor(each.text) === rule)?.text;
    if (rule.where !== where || text === undefined) continue;
    const step = { text, typed: typed(rule, text), rule };
    const essence = step.typed.replace(/^npx /, "");
    if (!steps.has(essence)) steps.set(essence, step);
  }
  return [...steps.values()];
}
