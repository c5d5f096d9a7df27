import test from 'ava';

/** `test`, for what needs root to make network namespaces. Without it the test is reported as skipped. */
export const testAsRoot = process.getuid?.() === 0 ? test : test.skip;

if (process.getuid?.() !== 0) process.stderr.write('skipped: the lab needs root to make network namespaces\n');
