import type { OpenLine } from './livekit/open-line.js';
import { paint } from './output/paint.js';
import type { DemoWorker } from './worker/demo-worker.js';

const ROOM = 'restaurant-me';

/** Waits until `signal` aborts or the worker ends, and shows the calls that arrive meanwhile. */
export async function keep(
  opened: OpenLine,
  worker: DemoWorker,
  signal: AbortSignal,
): Promise<void> {
  console.log(`\n${await invitation(opened)}`);
  console.log(
    '\nStop with Ctrl-C: live calls continue to their end. A second Ctrl-C ends them at once.',
  );
  let shown = worker.messages.all.length;
  const show = (): void => {
    for (const message of worker.messages.all.slice(shown)) {
      shown += 1;
      if (message.type === 'started')
        console.log(`  ${message.info.room}: answered by ${message.info.agent}`);
      if (message.type === 'words')
        console.log(`  ${message.words.room}: ${message.words.from}: ${message.words.text}`);
      if (message.type === 'ended')
        console.log(`  ${message.info.room}: ended, ${message.outcome.reason}`);
    }
  };
  const timer = setInterval(show, 200);
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([aborted, worker.exited]);
  clearInterval(timer);
  show();
}

async function invitation({ kind, server, line }: OpenLine): Promise<string> {
  if (kind === 'embedded' || server === undefined) {
    return `The worker stays. Only @openrtc/core/testing can make calls at ${line.livekit.url}: the embedded endpoint has no media.`;
  }
  if (kind === 'external') {
    return `The worker stays at ${line.livekit.url}: it gets the calls in rooms named restaurant-..., dentist-... or support-....`;
  }
  return [
    paint(
      'bold',
      'The agents stay. Call them with any LiveKit client, e.g. https://meet.livekit.io, tab "Custom"',
    ),
    `  URL      ${line.livekit.url}`,
    `  token    ${await server.createToken('me', ROOM)}`,
    `           (for the room ${ROOM}, where the restaurant answers; valid for 1 h)`,
    `  key      ${line.livekit.apiKey}`,
    `  secret   ${line.livekit.apiSecret}`,
    '           (for this temporary server; other room names choose other agents: dentist-..., support-...)',
    'Your words are not recognised: the speech-to-text without a key returns a script when you stop speaking.',
  ].join('\n');
}
