import type { BuiltImage } from './built-image.js';
import type { ImageRun } from './image-run.js';

/** OCI Runtime Specification, config.json; what is used of it here. */
export interface OciConfig {
  readonly ociVersion: string;
  readonly process: {
    readonly user: { readonly uid: number; readonly gid: number };
    readonly args: readonly string[];
    readonly env: readonly string[];
    readonly cwd: string;
    readonly capabilities: Readonly<Record<CapabilitySet, readonly string[]>>;
    readonly noNewPrivileges: boolean;
  };
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly mounts: readonly OciMount[];
  readonly linux: {
    readonly namespaces: readonly { readonly type: string }[];
    readonly maskedPaths: readonly string[];
    readonly readonlyPaths: readonly string[];
  };
}

type CapabilitySet = 'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient';

interface OciMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options?: readonly string[];
}

/** What containerd gives every container, so that it has less of the kernel. */
const MASKED = ['/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/timer_list', '/sys/firmware'];
const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

const SYSTEM_MOUNTS: readonly OciMount[] = [
  { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
  { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=65536k'] },
  { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['nosuid', 'noexec', 'newinstance'] },
  { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'noexec', 'nodev', 'mode=1777'] },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
];

/** As Kubernetes asks a container runtime for it: on the network of whoever starts it, in namespaces of its own else. */
export function ociConfig({ root, config }: BuiltImage, run: ImageRun): OciConfig {
  const [uid = 0, gid = 0] = config.User.split(':').map(Number);
  const user = run.user ?? { uid, gid };
  // A command makes the image's arguments meaningless; they were the entrypoint's.
  const args = [...(run.command ?? config.Entrypoint), ...(run.args ?? (run.command === undefined ? config.Cmd : []))];
  const capabilities = (run.capabilities ?? []).map((name) => `CAP_${name}`);
  return {
    ociVersion: '1.0.0',
    process: {
      user,
      args,
      env: [...config.Env, ...Object.entries(run.env ?? {}).map(([name, value]) => `${name}=${value}`)],
      cwd: config.WorkingDir || '/',
      // Neither inheritable nor ambient: Kubernetes asks for none of these, and Docker no longer does.
      capabilities: {
        bounding: capabilities,
        effective: capabilities,
        permitted: capabilities,
        inheritable: [],
        ambient: [],
      },
      noNewPrivileges: run.allowPrivilegeEscalation === false,
    },
    root: { path: root, readonly: true },
    mounts: [
      ...SYSTEM_MOUNTS,
      ...(run.mounts ?? []).map(({ source, destination, readOnly = false }) => ({
        destination,
        type: 'bind',
        source,
        options: ['rbind', 'nosuid', 'nodev', readOnly ? 'ro' : 'rw'],
      })),
      ...(run.emptyDirectories ?? []).map((destination) => ({
        destination,
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['nosuid', 'nodev', 'mode=755', `uid=${user.uid}`, `gid=${user.gid}`, 'size=65536k'],
      })),
    ],
    linux: {
      namespaces: [{ type: 'pid' }, { type: 'ipc' }, { type: 'uts' }, { type: 'mount' }],
      maskedPaths: MASKED,
      readonlyPaths: READ_ONLY,
    },
  };
}
