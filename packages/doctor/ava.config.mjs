import config from '../../ava.config.mjs';

export default config;
