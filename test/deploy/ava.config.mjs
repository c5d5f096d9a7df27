import config from '../../ava.config.mjs';

/** Machines boot, packages are unpacked and daemons start, on few cores: before the first test of a file, too. */
export default { ...config, timeout: '10m' };
