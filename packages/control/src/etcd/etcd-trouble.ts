/** gRPC puts its number and name first, and behind a deadline what it waited for, which differs each time. */
const GRPC_PREFIX = /^(?:\w+Error: )?\d+ [A-Z_]+: /;

/** What is told of errors that people can do something about; the first that fits. */
const known: readonly (readonly [RegExp, string])[] = [
  [/invalid user ID or password/, 'refuses user or password; see etcd.username and etcd.passwordFile'],
  [/user name is empty/, 'wants a user; give etcd.username and etcd.passwordFile'],
  [/permission denied/i, 'does not permit it; give the role of etcd.username readwrite on /weir/v1/CLUSTER/'],
  [
    /authentication is not enabled/,
    'knows no users, and etcd.username names one; leave it out, or run etcdctl auth enable',
  ],
  [/not supported for learner/, 'is a learner, which answers nobody; name a member that votes'],
  [/no leader/, 'has lost the rest of its cluster'],
  [/database space exceeded/, 'has no space left and takes no changes; see etcdctl alarm list, compact and defrag'],
  [/compacted/, 'has compacted what was to be told next; everything is read anew'],
  [/self[- ]signed|unable to verify|unable to get (local )?issuer/i, 'has a certificate that etcd.tls.ca did not sign'],
  [/altnames|Hostname\/IP does not match/i, 'has a certificate of another name; see etcd.tls.serverName'],
  [/certificate has expired/i, 'has a certificate that has expired'],
  [/bad certificate|certificate required|unknown ca/i, 'wants a certificate that it knows; see etcd.tls.certificate'],
  [/wrong version number|packet length too long/i, 'does not speak TLS; leave out etcd.tls'],
  [/ECONNREFUSED/, 'refuses connections; nothing listens there'],
  [/EHOSTUNREACH|ENETUNREACH/, 'can not be reached; there is no route to it'],
  [/ENOTFOUND|EAI_AGAIN|Name resolution failed/i, 'has a name that is not known'],
  [/deadline exceeded|no answer/i, 'gives no answer'],
  [/ECONNRESET|socket hang up|Connection dropped|GOAWAY|ended the watch/i, 'ended the connection'],
];

/** What is wrong with a member of etcd, as the end of a sentence that begins with it; the same for the same trouble. */
export function troubleText(error: Error): string {
  const message = error.message.replace(GRPC_PREFIX, '');
  return known.find(([pattern]) => pattern.test(message))?.[1] ?? `says: ${message}`;
}
