import type { Ask } from './attempt.js';
import { connectTo } from './marked-socket.js';
import { reasonOf } from './reason.js';

/**
 * Connects, and ends the connection by a RST: it leaves no TIME_WAIT here or there, of which thousands of probes would
 * otherwise use up the ports.
 */
export const askTcp: Ask<unknown> = (_probe, target, settle) => {
  const socket = connectTo(target);
  socket.once('connect', () => settle(true, 'connected'));
  socket.on('error', (error) => settle(false, reasonOf(error)));
  return () => socket.resetAndDestroy();
};
