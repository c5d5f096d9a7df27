/**
 * Compiles each bpf/*.bpf.c of the package it is called in to obj/*.bpf.o.
 *
 * Plain kernel and libbpf headers, no vmlinux.h: the programs touch only the stable XDP context, so one object serves
 * every kernel and nothing has to be generated first.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

const ARCHITECTURES = {
  x64: { target: 'x86', multiarch: 'x86_64-linux-gnu' },
  arm64: { target: 'arm64', multiarch: 'aarch64-linux-gnu' },
};

const architecture = ARCHITECTURES[process.arch];
if (architecture === undefined) {
  console.error(
    `build-bpf: no BPF build for ${process.arch}; it is known for ${Object.keys(ARCHITECTURES).join(', ')}`,
  );
  process.exit(1);
}

mkdirSync('obj', { recursive: true });
for (const source of readdirSync('bpf').filter((name) => name.endsWith('.bpf.c'))) {
  const object = join('obj', `${basename(source, '.c')}.o`);
  execFileSync(
    'clang',
    [
      '-O2',
      '-g',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-target',
      'bpf',
      '-mcpu=v3',
      // Names of sources that do not tell where they were compiled.
      '-fdebug-compilation-dir=.',
      `-D__TARGET_ARCH_${architecture.target}`,
      `-I/usr/include/${architecture.multiarch}`,
      '-c',
      join('bpf', source),
      '-o',
      object,
    ],
    { stdio: 'inherit' },
  );
  execFileSync('llvm-strip', ['--strip-debug', object], { stdio: 'inherit' });
}
