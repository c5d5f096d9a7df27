export { eventually } from './eventually.js';
export { type ReceivedRoute, receivedRoutes, startGobgpd, type TestGobgpd } from './gobgpd.js';
export { serialInPrivateNetwork } from './private-network.js';
