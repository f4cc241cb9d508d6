export {
  accessibilityFaults,
  isTooWide,
  launchBrowser,
  openUrl,
  servingDocument,
  type WatchedPage,
} from "./browser.js";
