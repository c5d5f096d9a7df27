export { eventually, freePorts } from '@weir/errors/test-support';
export { EtcdServer, type EtcdServerSettings, startEtcdMembers } from './etcd-server.js';
export { KUBERNETES_TOKEN, KubernetesApiServer } from './kubernetes-api-server.js';
export { type KubernetesObject, type PodState, serviceObject, sliceObject } from './kubernetes-objects.js';
export { makeTlsFiles, type TlsFiles } from './tls-files.js';
