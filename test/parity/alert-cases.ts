/** What Prometheus has scraped, in promtool's notation: a value a minute, `0+1x9` for ten of them that grow by one. */
export type ScrapedSeries = Readonly<Record<string, string>>;

/** One alert and what makes it fire. */
export interface AlertCase {
  readonly alert: string;
  readonly series: ScrapedSeries;
  /** Minutes after which it is looked at. */
  readonly atMinutes: number;
  /** Of the alert that fires, beside its severity. */
  readonly labels?: Readonly<Record<string, string>>;
  /** What people read then. */
  readonly description: string;
  /** As many minutes after the start it has not fired yet, for it waits whether it passes. */
  readonly notYetMinutes?: number;
}

const minutes = 200;
const steady = (value: number): string => `${value}x${minutes}`;
const growing = (step: number): string => `0+${step}x${minutes}`;

/** Two replicas that have nothing to complain of, and requests all the time. */
export const calm: ScrapedSeries = {
  'pullguard_build_info{pod="a"}': steady(1),
  'pullguard_ready{pod="a"}': steady(1),
  'pullguard_ready{pod="b"}': steady(1),
  'pullguard_admission_duration_seconds_bucket{le="0.1"}': growing(600),
  'pullguard_admission_duration_seconds_bucket{le="2.5"}': growing(600),
  'pullguard_admission_duration_seconds_bucket{le="5"}': growing(600),
  'pullguard_admission_duration_seconds_bucket{le="+Inf"}': growing(600),
  'pullguard_admission_shed_total{reason="full"}': steady(0),
  'pullguard_faults_total{part="check"}': steady(0),
  'pullguard_image_checks_total{verdict="pullable"}': growing(500),
  'pullguard_image_checks_total{verdict="unknown"}': growing(100),
  'pullguard_registry_circuit_state{registry="r.example.com",state="closed"}': steady(1),
  'pullguard_registry_circuit_state{registry="r.example.com",state="open"}': steady(0),
  'pullguard_registry_requests_total{registry="r.example.com",method="HEAD",code="200"}': growing(100),
  'pullguard_registry_requests_total{registry="r.example.com",method="HEAD",code="404"}': growing(100),
  'pullguard_registry_requests_total{registry="r.example.com",method="HEAD",code="fault"}': growing(1),
  'pullguard_registry_ratelimit_remaining{registry="docker.io"}': steady(90),
  // Two hundred minutes after 1970, and a month to go.
  pullguard_certificate_expiry_timestamp_seconds: steady(30 * 86_400),
  'pullguard_config_reloads_total{pod="a",result="success"}': growing(1),
  'pullguard_config_reloads_total{pod="a",result="failure"}': steady(0),
  'pullguard_watch_up{resource="nodes"}': steady(1),
  'pullguard_nodes{covered="true"}': steady(12),
  'pullguard_nodes{covered="false"}': steady(0),
  'pullguard_layer_verifications_total{result="sound"}': growing(3),
  'pullguard_layer_verifications_total{result="damaged"}': steady(0),
};

/** For each alert, what differs from calm, with the first moment that people are to be told of it. */
export const alertCases: readonly AlertCase[] = [
  {
    alert: "PullguardAbsent",
    series: { 'pullguard_build_info{pod="a"}': "1x9 _x40" },
    // What was scraped last counts for five minutes.
    ...{ atMinutes: 30, notYetMinutes: 20 },
    description: "Workloads are admitted unchecked, or the metrics are not found.",
  },
  {
    alert: "PullguardNotReady",
    series: { 'pullguard_ready{pod="b"}': steady(0) },
    ...{ atMinutes: 11, notYetMinutes: 9, labels: { pod: "b" } },
    description: "b has not been ready for ten minutes; /readyz tells why.",
  },
  {
    alert: "PullguardSlow",
    series: {
      'pullguard_admission_duration_seconds_bucket{le="0.1"}': growing(500),
      'pullguard_admission_duration_seconds_bucket{le="2.5"}': growing(580),
    },
    ...{ atMinutes: 20, notYetMinutes: 9 },
    description: "One admission in a hundred takes more than 2.5 s.",
  },
  {
    alert: "PullguardShedding",
    series: { 'pullguard_admission_shed_total{reason="full"}': growing(1) },
    ...{ atMinutes: 10, notYetMinutes: 4, labels: { reason: "full" } },
    description: "More is asked than can be answered in time (reason: full).",
  },
  {
    alert: "PullguardFaults",
    series: { 'pullguard_faults_total{part="check"}': `0x9 3x${minutes}` },
    ...{ atMinutes: 15, notYetMinutes: 9, labels: { part: "check" } },
    description: "3 faults in check within a quarter of an hour; the logs have the details.",
  },
  {
    alert: "PullguardManyUnknown",
    series: { 'pullguard_image_checks_total{verdict="unknown"}': growing(600) },
    ...{ atMinutes: 50, notYetMinutes: 29 },
    description: "Something that it needs to know is missing; a right, a profile, or a way to the registries.",
  },
  {
    alert: "PullguardRegistryUnreachable",
    series: { 'pullguard_registry_circuit_state{registry="r.example.com",state="open"}': steady(1) },
    ...{ atMinutes: 6, notYetMinutes: 4, labels: { registry: "r.example.com" } },
    description:
      "r.example.com has failed so often that it is only tried now and then; nodes may not get images from it either.",
  },
  {
    alert: "PullguardRegistryFailing",
    series: {
      'pullguard_registry_requests_total{registry="r.example.com",method="HEAD",code="fault"}': growing(50),
      'pullguard_registry_requests_total{registry="r.example.com",method="HEAD",code="503"}': growing(50),
    },
    ...{ atMinutes: 25, notYetMinutes: 9, labels: { registry: "r.example.com" } },
    description: "33.33% of the requests to r.example.com got no answer or an error of the server.",
  },
  {
    alert: "PullguardRateLimitLow",
    series: { 'pullguard_registry_ratelimit_remaining{registry="docker.io"}': steady(7) },
    ...{ atMinutes: 6, notYetMinutes: 4, labels: { registry: "docker.io" } },
    description: "docker.io allows 7 more pulls for the credentials that asked last.",
  },
  {
    alert: "PullguardCertificateExpires",
    series: { pullguard_certificate_expiry_timestamp_seconds: steady(7 * 86_400) },
    ...{ atMinutes: 65, notYetMinutes: 59 },
    description: "API servers will not call Pullguard then.",
  },
  {
    alert: "PullguardConfigNotReloaded",
    series: { 'pullguard_config_reloads_total{pod="a",result="failure"}': `0x9 1x${minutes}` },
    ...{ atMinutes: 15, notYetMinutes: 9, labels: { pod: "a", result: "failure" } },
    description: "a goes on with what it had before: certificate, credentials or policy.",
  },
  {
    alert: "PullguardClusterNotFollowed",
    series: { 'pullguard_watch_up{resource="nodes"}': steady(0) },
    ...{ atMinutes: 11, notYetMinutes: 9, labels: { resource: "nodes" } },
    description: "nodes cannot be watched: a right is missing or the API server is away.",
  },
  {
    alert: "PullguardNodesUncovered",
    series: { 'pullguard_nodes{covered="false"}': steady(4) },
    ...{ atMinutes: 61, notYetMinutes: 59 },
    description: "4 nodes are not told of by an agent or a profile: failures there are unknown.",
  },
  {
    alert: "PullguardLayerDamaged",
    series: { 'pullguard_layer_verifications_total{result="damaged"}': `0x9 1x${minutes}` },
    ...{ atMinutes: 15, notYetMinutes: 9 },
    description: "The next admission of the image names it.",
  },
];
