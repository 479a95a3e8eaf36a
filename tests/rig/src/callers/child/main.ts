// The process that hosts callers. It takes commands over IPC and ends with its parent.
import { dispose } from '@livekit/rtc-node';
import type { CallerCommand, CallerCommands, CallerCommandName, FromCallers } from '../protocol.js';
import { Call } from './call.js';

const calls = new Map<number, Call>();

function send(message: FromCallers): void {
  // The parent may have ended; then 'disconnect' ends this process.
  if (process.connected) process.send?.(message);
}

async function run(command: CallerCommand): Promise<CallerCommands[CallerCommandName]['result']> {
  const { callerId } = command;
  if (command.name === 'join') {
    const call = new Call((event) => send({ type: 'event', callerId, event }));
    calls.set(callerId, call);
    return call.join(command.request).catch(async (error: unknown) => {
      calls.delete(callerId);
      await call.hangUp();
      throw error;
    });
  }
  const call = calls.get(callerId);
  if (!call) throw new Error('The caller has hung up.');
  switch (command.name) {
    case 'play':
      return call.play(command.request);
    case 'sendText':
      return call.sendText(command.request);
    case 'rpc':
      return call.rpc(command.request);
    case 'waitForAudio':
      return call.ear.waitForAudio(command.request);
    case 'waitForSilence':
      return call.ear.waitForSilence(command.request);
    case 'audio':
      return call.ear.report();
    case 'startGapWatch':
      call.ear.startGapWatch();
      return null;
    case 'stopGapWatch':
      return call.ear.stopGapWatch();
    case 'hangUp':
      calls.delete(callerId);
      return call.hangUp();
  }
}

async function close(): Promise<void> {
  await Promise.allSettled([...calls.values()].map((call) => call.hangUp()));
  await dispose();
  process.exit(0);
}

process.on('message', (message: CallerCommand) => {
  run(message).then(
    (result) => send({ type: 'reply', id: message.id, ok: true, result }),
    (error: unknown) =>
      send({
        type: 'reply',
        id: message.id,
        ok: false,
        error: error instanceof Error ? error.message : String(error),
      }),
  );
});
process.once('disconnect', () => process.exit(0));
// Ctrl-C goes to the whole process group, but the parent decides when calls end.
process.on('SIGINT', () => undefined);
process.once('SIGTERM', () => void close());

send({ type: 'ready' });
