import { renderAuditPage } from "../audit/index.js";
import { auditDocument } from "../cli/index.js";
import type { ServeConfig } from "../config/index.js";
import type { StatusSource } from "../server/index.js";
import type { OpenAudit } from "./audit.js";

/** `/audit` on the metrics port. The server listens before the auditor starts, which is told of by `show`. */
export interface AuditPage {
  /** For the server: empty where no page is wanted. */
  readonly served: { readonly auditPage?: StatusSource };
  show(audit: OpenAudit | undefined): OpenAudit | undefined;
}

/** The page names images, namespaces and workloads, so whoever may read the findings of `/statusz` may read it, nobody else. */
export function createAuditPage({
  audit: isWanted,
  statusz,
  statuszFindings,
}: Pick<ServeConfig, "audit" | "statusz" | "statuszFindings">): AuditPage {
  let shown: OpenAudit | undefined;
  const report = () => shown?.lastReport() ?? shown?.view.report();
  const source: StatusSource = {
    refusal: ({ isLocal }) => {
      if (statuszFindings === "none") return "the audit is shown to nobody here (--statusz-findings none)";
      if (statuszFindings === "local" && !isLocal) {
        return "the audit names images and workloads: read it by kubectl port-forward, or see --statusz-findings";
      }
      return shown === undefined ? "the audit has not started yet" : undefined;
    },
    page: () => {
      const found = report();
      return found === undefined ? "" : renderAuditPage(found, "/audit.json");
    },
    json: () => {
      const found = report();
      return found === undefined ? {} : auditDocument(found);
    },
  };
  return {
    served: isWanted && statusz && statuszFindings !== "none" ? { auditPage: source } : {},
    show: (audit) => {
      shown = audit;
      return audit;
    },
  };
}
