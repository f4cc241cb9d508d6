import { type ChartValues, type Helm, usualRelease } from "./helm.js";

/** Of these folders of `templates/` the objects are components of kustomize, the rest is what `kubectl apply -k` applies. */
const components = ["mutation", "events", "watch-pulls", "audit", "node-binding", "cert-manager", "monitoring"];
/** Folders of `templates/` whose files lie beside the others in `manifests/`. */
const flattened = /^crds\//;

const base: ChartValues = { namespace: { create: true }, crds: { keep: false } };
const everything: ChartValues = {
  crds: { keep: false },
  ...{
    mutation: { enabled: true },
    events: { enabled: true },
    watchPulls: { enabled: true },
    nodeAgent: { bindToNode: true },
    audit: { enabled: true },
  },
  metrics: {
    serviceMonitor: { enabled: true },
    prometheusRule: { enabled: true },
    dashboard: { enabled: true },
  },
};
const certManager: ChartValues = { certificates: { mode: "certManager" } };
/** The oldest Kubernetes that the manifests are for: what later ones can do besides is not in them. */
const kubeVersion = "1.21.0";

const headline = "# Rendered from manifests/chart by `npm run manifests`: change it there.\n";
/** Labels that tell of a helm release, of which there is none. */
const releaseLabel = /^ +(app\.kubernetes\.io\/(instance|version|managed-by)|helm\.sh\/chart): .*\n/gm;

/** Every file below `manifests/` that is rendered from the chart, by its path there, with its text. */
export async function renderManifests(helm: Helm): Promise<ReadonlyMap<string, string>> {
  const rendered = async (values: ChartValues) =>
    bySource(await helm.template(values, { ...usualRelease, kubeVersion })).entries();
  const isComponent = (file: string): boolean => components.includes(file.split("/")[0] ?? "");
  const files = [
    ...(await rendered(base)),
    ...[...(await rendered(everything)), ...(await rendered(certManager))].filter(([file]) => isComponent(file)),
  ];
  return new Map(files.map(([file, texts]) => [file.replace(flattened, ""), headline + texts.join("---\n")]));
}

/** The documents of `helm template`, by the template that they come from. */
function bySource(rendered: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const document of rendered.split(/^---\n/m)) {
    const [line, file] = /^# Source: pullguard\/templates\/(.+)\n/.exec(document) ?? [];
    if (line === undefined || file === undefined) continue;
    const text = document.slice(line.length).replaceAll(releaseLabel, "").replaceAll(/ +$/gm, "");
    found.set(file, [...(found.get(file) ?? []), `${text.trim()}\n`]);
  }
  return found;
}
