import test from 'ava';

const isRoot = process.getuid?.() === 0;

/** A serial test with machines. Without root it is reported as skipped. */
export const testAsRoot = isRoot ? test.serial : test.serial.skip;

if (!isRoot) process.stderr.write('skipped: machines need root, for namespaces, mounts and BPF\n');
