import { createServer } from 'node:http';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';

/** A backend of the test of marks: HTTP on 8080 and gRPC on 50051, on all addresses. Says a line when it listens. */
const grpc = new Server();
new HealthImplementation({ '': 'SERVING' }).addToServer(grpc);
grpc.bindAsync('[::]:50051', ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
  createServer((_, response) => void response.end()).listen(8080, '::', () => process.stdout.write('listening\n'));
});
