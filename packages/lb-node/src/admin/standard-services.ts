import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { fileDescriptors } from '@weir/admin-api';
import { HealthImplementation } from 'grpc-health-check';

/** What gRPC's own clients expect of any server: grpc.health.v1, and reflection (v1 and v1alpha). */
export class StandardServices {
  readonly #health: HealthImplementation;
  readonly #services: readonly string[];

  /** @param services  their full names, such as `weir.admin.v1.Services` */
  constructor(server: Server, services: readonly string[]) {
    this.#services = services;
    this.#health = new HealthImplementation();
    this.#health.addToServer(server);
    this.setServing(false);
    // Reflection takes the descriptors that the definitions of a package have; here all files come with one.
    const definitions = { 'weir.admin.v1': { fileDescriptorProtos: fileDescriptors() } };
    new ReflectionService(definitions as never, { services: [...services] }).addToServer(server);
  }

  /** Of the whole (the empty name) and of each service. Those who watch are told. */
  setServing(isServing: boolean): void {
    for (const name of ['', ...this.#services]) this.#health.setStatus(name, isServing ? 'SERVING' : 'NOT_SERVING');
  }
}
