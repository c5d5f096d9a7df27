import { ProbePath, type ProbePathOptions, type ProbeRoute } from '@weir/dataplane';

/** What the first argument says, as JSON: a path of probes that stays until SIGTERM. */
interface Wanted extends ProbePathOptions {
  readonly routes: readonly ProbeRoute[];
  readonly sources: { readonly ipv4?: string; readonly ipv6?: string };
}

const { routes, sources, ...options } = JSON.parse(process.argv[2] ?? '') as Wanted;
const path = await ProbePath.open(options);
await path.set(routes, sources);
process.stdout.write('ready\n');
const pending = setInterval(() => undefined, 1000);
process.once('SIGTERM', () => {
  clearInterval(pending);
  void path[Symbol.asyncDispose]().then(() => process.stdout.write('closed\n'));
});
