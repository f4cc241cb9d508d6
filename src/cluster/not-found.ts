/**
 * Whether the body of a 404 is the API server's word that the named object does not exist. A 404 of anything else (a proxy, a
 * wrong address) says nothing about it.
 */
export function isNotFoundStatus(body: unknown, name: string): boolean {
  try {
    const status: unknown = typeof body === "string" ? JSON.parse(body) : body;
    if (typeof status !== "object" || status === null) return false;
    if (!("kind" in status && "reason" in status && "details" in status)) return false;
    const { details } = status;
    if (typeof details !== "object" || details === null || !("name" in details)) return false;
    return status.kind === "Status" && status.reason === "NotFound" && details.name === name;
  } catch {
    return false;
  }
}
