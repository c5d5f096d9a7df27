/** Tests are compiled with the code they stand beside, and run as plain JavaScript. */
export default {
  files: ['dist/**/*.test.js'],
  workerThreads: false,
  timeout: '2m',
};
