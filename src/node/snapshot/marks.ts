/** What stands in the place of a header's value or a proxy's user that did not leave the node; no real one can be so. */
export const withheldMark = "withheld.pullguard.dev";

/** Where a node made of a published spec has the authorities of its trust store. */
export const bundlePath = "/etc/ssl/certs/ca-certificates.crt";
