import type { ApiConnection } from './api-connection.js';
import type { Resource } from './follow-resource.js';

/** Services, of one namespace or of all. */
export function servicesOf({ core }: ApiConnection, namespace: string | undefined): Resource {
  return {
    path: path('/api/v1', namespace, 'services'),
    list: (limit, _continue) =>
      namespace === undefined
        ? core.listServiceForAllNamespaces(page(limit, _continue))
        : core.listNamespacedService({ namespace, ...page(limit, _continue) }),
  };
}

/** EndpointSlices, of one namespace or of all. */
export function endpointSlicesOf({ discovery }: ApiConnection, namespace: string | undefined): Resource {
  return {
    path: path('/apis/discovery.k8s.io/v1', namespace, 'endpointslices'),
    list: (limit, _continue) =>
      namespace === undefined
        ? discovery.listEndpointSliceForAllNamespaces(page(limit, _continue))
        : discovery.listNamespacedEndpointSlice({ namespace, ...page(limit, _continue) }),
  };
}

function path(group: string, namespace: string | undefined, kind: string): string {
  return namespace === undefined ? `${group}/${kind}` : `${group}/namespaces/${namespace}/${kind}`;
}

function page(limit: number, _continue: string | undefined) {
  return _continue === undefined ? { limit } : { limit, _continue };
}
