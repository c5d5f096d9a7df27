/** Boots a machine, prints the id of its lab and the pid of its systemd, and holds it until this process is killed. */
import { Lab } from '@weir/lab';
import { Machine } from './machine.js';
import { PackageRepository } from './package-repository.js';

const lab = await Lab.start({ name: 'held', hosts: { box: {} }, links: [] });
const { system } = await Machine.boot(lab.host('box'), { repository: await PackageRepository.create(lab) });
process.stdout.write(`${lab.id} ${system.pid}\n`);
setInterval(() => {}, 1 << 30);
