export {
  type ChartValues,
  chartFolder,
  findHelm,
  type Helm,
  type HelmOutcome,
  objectsOf,
  openHelm,
  usualRelease,
} from "./helm.js";
export { renderManifests } from "./manifests.js";
export { type ChartCase, chartMatrix } from "./matrix.js";
