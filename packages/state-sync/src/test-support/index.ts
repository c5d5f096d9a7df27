export { eventually, freePorts } from '@weir/errors/test-support';
export { imagesOf, sampleFlow, sampleImages } from './flow-images.js';
export { RedisCluster } from './redis-cluster.js';
export { RedisSentinel, SENTINEL_MASTER } from './redis-sentinel.js';
export { RedisServer, type RedisServerSettings } from './redis-server.js';
