import { join } from 'node:path';
import { KubernetesApiServer, makeTlsFiles } from '@weir/control/test-support';

/** An API server of Kubernetes in a namespace of its own, with a kubeconfig for nodes: DIRECTORY ADDRESS PORT. */
const [directory = '', host = '', port = ''] = process.argv.slice(2);
const server = await KubernetesApiServer.start({ tls: await makeTlsFiles(directory, host), host, port: Number(port) });
await server.writeKubeconfig(join(directory, 'kubeconfig'));
process.stdout.write(`ready at ${server.url}\n`);
