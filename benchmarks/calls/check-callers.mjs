// Checks that the callers of bench:calls, which do not decode audio, measure the same turns as callers that do. One
// caller of each kind talks to the same worker at the same time, in separate rooms. A third participant decodes the
// answers to the first caller, which shows the delay of decoding itself (jitter buffer, frames). Prints what they
// measured; `--turns 15`.
import { findServerBinary, startCallers, startLiveKitServer } from '@openrtc/test-rig';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startWorker } from '../src/run-worker.mjs';
import { percentile } from '../src/statistics.mjs';
import { call, turn } from '../src/talking.mjs';
import { buildCallers } from './build-callers.mjs';
import { openrtc } from './contenders.mjs';
import { GoCallers } from './go-callers.mjs';
import { MANNERS } from './measure-row.mjs';
import { speechPackets } from './speech-packets.mjs';

const { values } = parseArgs({ options: { turns: { type: 'string', default: '15' } } });
const turns = Number(values.turns);
const said = await speechPackets();
const turnMs = said.durationMs + MANNERS.pauseMs;

const program = await buildCallers();
const server = await startLiveKitServer({ found: await findServerBinary() });
const worker = await startWorker({ name: 'OpenRTC, coroutine', ...openrtc({}) }, server);
const encoded = await GoCallers.start(program, said.packets);
const decoding = await startCallers();
try {
  const [heard, decoded] = await Promise.all([talkEncoded(), talkDecoding()]);
  print('by packet size', heard);
  print('decoded', decoded);
} finally {
  await decoding.close();
  await encoded.close();
  await worker.stop();
  await server.close();
}

async function talkEncoded() {
  const token = await server.createToken('encoded', 'room-encoded');
  await encoded.join('encoded', { url: server.url, token });
  await encoded.awaitSound('encoded', 30);
  const listener = await decoding.join({
    url: server.url,
    token: await server.createToken('listener', 'room-encoded'),
    microphone: false,
  });
  await sleep(3_000);
  const talked = await encoded.talk('encoded', {
    seconds: (turns * turnMs) / 1_000,
    manners: MANNERS,
  });
  const { segments } = await listener.audio();
  await listener.hangUp();
  console.log('packets', talked.heard);
  const answered = talked.turns.filter(({ latencyMs }) => latencyMs !== null);
  print(
    'delay of the same answers when decoded',
    answered.map(({ answeredAtMs }) => later(segments, answeredAtMs)),
  );
  return talked.turns.map(({ latencyMs }) => latencyMs);
}

/** How much later the listener heard the sound that started at about this time. */
function later(segments, atMs) {
  const near = segments.map(({ startedAtMs }) => startedAtMs - atMs).filter((ms) => ms > -500);
  return near.toSorted((a, b) => Math.abs(a) - Math.abs(b))[0];
}

async function talkDecoding() {
  const { caller } = await call({ server, callers: decoding, room: 'room-decoding' });
  // Half a turn after the other caller.
  await sleep(3_000 + turnMs / 2);
  const all = [];
  for (let index = 0; index < turns; index += 1) {
    all.push(await turn(caller));
    await sleep(3_000);
  }
  await caller.hangUp();
  return all;
}

function print(name, all) {
  const answered = all.filter((ms) => typeof ms === 'number').map(Math.round);
  const [p50, p95] = [0.5, 0.95].map((share) => percentile(answered, share));
  console.log(
    `${name}: p50 ${p50} ms, p95 ${p95} ms, ${answered.length} of ${all.length}`,
    answered,
  );
}
