import type { Command } from 'commander';
import { registerBackend } from './register-backend.js';
import { parseRegisterOptions, type RawRegisterOptions } from './register-options.js';

const several = (value: string, all: readonly string[] = []) => [...all, value];

/** Adds `real-server register`. @param act  what it does with its values */
export function addRegisterCommand(
  program: Command,
  act: (raw: RawRegisterOptions) => Promise<void> = (raw) => registerBackend(parseRegisterOptions(raw)),
): void {
  program
    .command('register')
    .description('keep this backend registered in etcd while its local check passes, until SIGTERM')
    .requiredOption('--etcd <endpoint>', 'address:port of a member; may be given several times', several)
    .option('--cluster <name>', 'of Weir; keys begin with /weir/v1/CLUSTER/', 'main')
    .requiredOption('--service <name>', 'whose backend this is')
    .option('--name <name>', 'of this backend among those of the service; default: the address, with -PORT')
    .requiredOption('--address <address>', 'where nodes send packets to')
    .option('--port <port>', 'nat and fullnat: where the server listens; the other methods leave ports as they are')
    .option('--weight <number>', 'share of new flows', '1')
    .option('--second-chance', 'the service has second chance: drained by its state, not by its weight', false)
    .option('--check <kind>', 'tcp, http, https or none', 'tcp')
    .option('--check-address <address>', 'default: --address')
    .option('--check-port <port>', 'default: --port')
    .option('--check-path <path>', 'http, https', '/')
    .option('--check-host <name>', 'http, https: the header Host; default: the address')
    .option('--interval <duration>', 'between checks', '2s')
    .option('--timeout <duration>', 'of a check', '1s')
    .option('--rise <count>', 'good checks in a row until it is registered', '2')
    .option('--fall <count>', 'bad ones in a row until it is not', '3')
    .option('--ttl <duration>', 'how long etcd keeps it when this program is gone', '10s')
    .option('--drain <duration>', 'how long connections may take to end after SIGTERM', '30s')
    .option('--protocol <protocol>', 'tcp, or udp: a drain takes its whole time', 'tcp')
    .option('--username <name>', 'of etcd')
    .option('--password-file <path>', 'whose first line is the password')
    .option('--tls', 'speak TLS to etcd; said by each of the following too', false)
    .option('--tls-ca <path>', 'PEM file of who signed the certificate of etcd; default: those that the system knows')
    .option('--tls-cert <path>', 'PEM file of a certificate for etcd to know this backend by')
    .option('--tls-key <path>', 'PEM file of its key')
    .option('--tls-server-name <name>', 'that the certificate of etcd has to have')
    .option('--etcd-timeout <duration>', 'of a request', '2s')
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal', 'info')
    .option('--log-format <format>', 'json, pretty', 'json')
    .action(act);
}
