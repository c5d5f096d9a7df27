export { EtcdServer, type EtcdServerSettings, startEtcdMembers } from './etcd-server.js';
export { eventually } from './eventually.js';
export { freePorts } from './free-ports.js';
export { makeTlsFiles, type TlsFiles } from './tls-files.js';
