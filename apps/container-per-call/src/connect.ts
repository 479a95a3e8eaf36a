import type { Channel } from '@openrtc/core/isolation';
import { once } from 'node:events';
import { connect } from 'node:net';

import { lineChannel } from './line-channel.js';

// How long calls have to leave their rooms when the worker is gone: half of the usual time.
const LEAVE_MS = 1_000;

/** Called by `pool.run()` in the container: OPENRTC_SERVE_TICKETS names this module. */
export default async function connectBack(): Promise<Channel> {
  const { CONTAINER_CHANNEL: address = '', CONTAINER_TOKEN: token = '' } = process.env;
  // The call's code must not find these variables or pass them on to processes it starts.
  delete process.env['CONTAINER_CHANNEL'];
  delete process.env['CONTAINER_TOKEN'];
  const colon = address.lastIndexOf(':');
  const socket = connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) });
  const channel = lineChannel(socket);
  await once(socket, 'connect');
  // Without the worker, no one would remove a container that still waits for something else.
  channel.onClose(() => setTimeout(() => process.exit(), LEAVE_MS).unref());
  channel.send({ token });
  return channel;
}
