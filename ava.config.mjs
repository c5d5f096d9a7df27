/** Tests are compiled with the code they stand beside, and run as plain JavaScript. */
export default {
  files: ['dist/**/*.test.js'],
  workerThreads: false,
  // Of silence. A test that waits says sooner what for; this ends what hangs, on a machine that may stand still for a while.
  timeout: '5m',
};
