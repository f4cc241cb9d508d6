import type { Clock } from "../core/index.js";
import { grouped } from "./grouped.js";
import type { Inventory } from "./inventory.js";
import type { AuditStore, RegistryState } from "./registry-state.js";
import { ownerOf } from "./rendezvous.js";
import { auditReport, type ReportInput } from "./report.js";
import { type ImageRecord, newer } from "./state.js";
import type { AuditReport, AuditSubject, ExpiryForecast } from "./types.js";

/** What an audit knows at this moment, whichever replica found it out. */
export interface AuditView {
  report(): AuditReport;
  /** How long the last report took to make. */
  reportMs(): number;
  /** Whether this replica is the one that speaks for a registry, or writes the reports of a namespace. */
  isOwn(work: string): boolean;
  /** Whether what others found has changed since the last report. */
  hasChanged(): boolean;
  /** Uid of a workload of the last report, "" where it is not known. */
  uidOf(workload: AuditSubject["workload"]): string;
}

export interface ViewDeps {
  /** Who holds images now; asked for once for each report. */
  readonly holders: () => ReportInput["holdersOf"];
  readonly clock: Clock;
  readonly inventory: Inventory;
  readonly store: AuditStore;
  readonly membership: { readonly self: string };
  readonly subjects: () => readonly AuditSubject[];
  readonly own: (registry: string) => RegistryState | undefined;
  readonly members: () => readonly string[];
}

export function createAuditView(deps: ViewDeps): AuditView {
  const { store, clock, inventory } = deps;
  let reported = -1;
  let tookMs = 0;
  let uids: ReadonlyMap<string, string> = new Map();
  const storedImages = memo(
    () => store.version(),
    () => {
      const images = new Map<string, ImageRecord>();
      for (const { chunk } of store.chunks() ?? []) {
        for (const record of chunk.images) {
          const known = images.get(record.image);
          images.set(record.image, known === undefined ? record : newer(known, record));
        }
      }
      return images;
    },
  );
  const recordOf = (registry: string, image: string): ImageRecord | undefined => {
    const own = deps.own(registry)?.images.get(image);
    const stored = storedImages().get(image);
    return own !== undefined && stored !== undefined ? newer(own, stored) : (own ?? stored);
  };
  return {
    isOwn: (work) => ownerOf(work, deps.members()) === deps.membership.self,
    hasChanged: () => store.version() !== reported,
    uidOf: ({ kind, namespace, name }) => uids.get(`${kind}/${namespace}/${name}`) ?? "",
    reportMs: () => tookMs,
    report: () => {
      const startedMs = clock.nowMs();
      reported = store.version();
      const subjects = deps.subjects();
      uids = new Map(
        subjects.map(({ workload: { kind, namespace, name }, uid }) => [`${kind}/${namespace}/${name}`, uid]),
      );
      const records = new Map<string, ImageRecord | undefined>();
      for (const { registry, image } of subjects) {
        if (!records.has(image)) records.set(image, recordOf(registry, image));
      }
      const registries = new Set(subjects.map(({ registry }) => registry));
      const report = auditReport({
        nowMs: clock.nowMs(),
        subjects,
        pods: inventory.pods,
        holdersOf: deps.holders(),
        answerTo: ({ image, question }) => {
          const record = records.get(image);
          const known = record?.questions.get(question);
          if (record === undefined || known === undefined) return undefined;
          return { ...known, lastMs: record.answeredMs };
        },
        currentOf: (image) => records.get(image)?.current,
        askedMs: (image) => records.get(image)?.askedMs,
        forecasts: forecastsOf(deps, registries),
        resolved: [...records.values()].flatMap((record) =>
          (record?.resolved ?? []).map(({ cause, firstMs, resolvedMs, workloads }) => ({
            ...{ image: record?.image ?? "", workloads, cause },
            firstSeen: new Date(firstMs).toISOString(),
            resolved: new Date(resolvedMs).toISOString(),
          })),
        ),
      });
      tookMs = clock.nowMs() - startedMs;
      return report;
    },
  };
}

function forecastsOf({ store, own }: ViewDeps, registries: ReadonlySet<string>): readonly ExpiryForecast[] {
  const stored = grouped(store.chunks() ?? [], ({ chunk }) => chunk.registry);
  return [...registries].flatMap((registry) => {
    const state = own(registry);
    if (state !== undefined && state.forecasts.length > 0) return state.forecasts;
    return (stored.get(registry) ?? []).flatMap(({ chunk }) => chunk.forecasts);
  });
}

/** What `make` gives, made anew when the version is another one. */
function memo<T>(versionOf: () => number, make: () => T): () => T {
  let known: { readonly version: number; readonly value: T } | undefined;
  return () => {
    const version = versionOf();
    if (known?.version !== version) known = { version, value: make() };
    return known.value;
  };
}
