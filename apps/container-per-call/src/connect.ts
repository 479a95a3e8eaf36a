import type { Channel } from '@openrtc/core/isolation';
import { once } from 'node:events';
import { connect } from 'node:net';

import { lineChannel } from './line-channel.js';

// Calls get half as long to leave their rooms when the worker is gone.
const LEAVE_MS = 1_000;

/** In the container, `pool.run()` calls it: OPENRTC_SERVE_TICKETS names this module. */
export default async function connectBack(): Promise<Channel> {
  const { CONTAINER_CHANNEL: address = '', CONTAINER_TOKEN: token = '' } = process.env;
  // Nothing that the call's code should find, or pass on to what it starts.
  delete process.env['CONTAINER_CHANNEL'];
  delete process.env['CONTAINER_TOKEN'];
  const colon = address.lastIndexOf(':');
  const socket = connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) });
  const channel = lineChannel(socket);
  await once(socket, 'connect');
  // Nobody is left who would remove a container that has something else to wait for.
  channel.onClose(() => setTimeout(() => process.exit(), LEAVE_MS).unref());
  channel.send({ token });
  return channel;
}
