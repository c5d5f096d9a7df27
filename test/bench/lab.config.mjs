import config from '../../ava.config.mjs';

// A test here is whole benchmarks, each silent until it ends: as slow as the machine is busy.
export default { ...config, files: ['dist/**/*.lab.test.js'], timeout: '8m' };
