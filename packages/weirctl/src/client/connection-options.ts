import { type Command, Option } from 'commander';
import { durationArgument } from '../duration-argument.js';

/** Where the daemon of a node is asked, and how. */
export interface ConnectionOptions {
  /** `unix:PATH`, or `HOST:PORT`, where TLS is spoken. */
  readonly address: string;
  /** PEM files. */
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsServerName?: string;
  /** Of a call with one answer, ms. */
  readonly timeout: number;
}

/** Where lb-node's own defaults serve the admin API. */
export const DEFAULT_ADDRESS = 'unix:/run/weir/admin.sock';
const DEFAULT_TIMEOUT_MS = 10_000;

/** Gives a command the options of those that talk to a node. */
export function connecting(command: Command): Command {
  return command
    .optionsGroup('Connection:')
    .addOption(
      new Option('-a, --address <address>', 'unix:PATH or HOST:PORT of the node that is asked')
        .env('WEIR_ADDRESS')
        .default(DEFAULT_ADDRESS),
    )
    .addOption(
      new Option(
        '--tls-ca <file>',
        "PEM file of who signed the node's certificate; default: those that the system knows",
      ).env('WEIR_TLS_CA'),
    )
    .addOption(
      new Option('--tls-cert <file>', 'PEM file with the certificate that says who you are').env('WEIR_TLS_CERT'),
    )
    .addOption(new Option('--tls-key <file>', 'PEM file with its key').env('WEIR_TLS_KEY'))
    .addOption(
      new Option(
        '--tls-server-name <name>',
        "name that the node's certificate must have; default: the host of the address",
      ).env('WEIR_TLS_SERVER_NAME'),
    )
    .addOption(
      new Option('--timeout <duration>', 'how long an answer may take')
        .argParser(durationArgument)
        .default(DEFAULT_TIMEOUT_MS, '10s'),
    );
}
