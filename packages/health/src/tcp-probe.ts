import type { Ask } from './attempt.js';
import { connectTo } from './marked-socket.js';
import { reasonOf } from './reason.js';

/** Connects, and ends the connection at once, by a RST. */
export const askTcp: Ask<unknown> = (_probe, target, settle) => {
  const socket = connectTo(target);
  socket.once('connect', () => settle(true, 'connected'));
  socket.on('error', (error) => settle(false, reasonOf(error)));
  return () => socket.destroy();
};
