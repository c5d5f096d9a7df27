import config from '../../ava.config.mjs';

export default { ...config, files: ['dist/**/*.lab.test.js'] };
