export { eventually } from './eventually.js';
export { imagesOf, sampleFlow, sampleImages } from './flow-images.js';
export { RedisServer, type RedisServerSettings } from './redis-server.js';
