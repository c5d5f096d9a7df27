import test from 'ava';

const isRoot = process.getuid?.() === 0;

/** A serial test of a lab. Without root it is reported as skipped. */
export const testAsRoot = isRoot ? test.serial : test.serial.skip;

if (!isRoot) process.stderr.write('skipped: lab tests need root, for network namespaces and BPF\n');
