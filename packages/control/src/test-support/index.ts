export { eventually, freePorts } from '@weir/errors/test-support';
export { EtcdServer, type EtcdServerSettings, startEtcdMembers } from './etcd-server.js';
export { makeTlsFiles, type TlsFiles } from './tls-files.js';
