import { ApiException, createConfiguration, HttpMethod, ServerConfiguration } from "@kubernetes/client-node";
import type { ClusterAccess } from "./kubeconfig.js";
import type { Resource } from "./resource.js";

type Page = Resource<never>["page"];

/**
 * Asks for pages of a list as they are on the wire. client-node would make an object of a class of its own of every object
 * first, which for a hundred thousand Pods takes several times as long as to parse them.
 * @param path `/api/v1/pods`
 * @param more of the query, such as a label selector
 */
export function rawPage(
  { config, server }: ClusterAccess,
  path: string,
  more: Readonly<Record<string, string>> = {},
): (query: Parameters<Page>[0], signal: AbortSignal) => Promise<unknown> {
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(server + basePath(config.getCurrentCluster()?.server), {}),
  });
  return async ({ limit, _continue, fieldSelector }, signal) => {
    const context = configuration.baseServer.makeRequestContext(path, HttpMethod.GET);
    context.setHeaderParam("Accept", "application/json");
    for (const [name, value] of Object.entries(more)) context.setQueryParam(name, value);
    context.setQueryParam("limit", String(limit));
    if (_continue !== undefined) context.setQueryParam("continue", _continue);
    if (fieldSelector !== undefined) context.setQueryParam("fieldSelector", fieldSelector);
    context.setSignal(signal);
    await config.applySecurityAuthentication(context);
    const response = await configuration.httpApi.send(context).toPromise();
    const text = await response.body.text();
    if (response.httpStatusCode !== 200) throw new ApiException(response.httpStatusCode, "", text, response.headers);
    return JSON.parse(text);
  };
}

/** Some API servers live below a path: `https://rancher.test/k8s/clusters/c-1`. */
function basePath(server: string | undefined): string {
  const path = server === undefined ? "" : new URL(server).pathname;
  return path.replace(/\/$/, "");
}
