import config from '../../ava.config.mjs';

export default { ...config, files: [...config.files, '!dist/**/*.lab.test.js'] };
