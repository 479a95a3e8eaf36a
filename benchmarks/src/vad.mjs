// Measures what the VAD of a call costs: the SDK's own, that of models() with the same model, and that of silero(), with
// the same speech in real time, one after the other in one process. Writes results/vad.json and the table in
// packages/prewarm/README.md.
import { inference, initializeLogger } from '@livekit/agents';
import { AudioFrame } from '@livekit/rtc-node';
import { models, silero } from '@openrtc/prewarm';
import { readWav, speech } from '@openrtc/test-rig';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { publish } from './documents.mjs';
import { hardware, watchOthers } from './machine.mjs';
import { FRAME_MS, vad as vadReport } from './reports/vad-report.mjs';
import { rounded } from './statistics.mjs';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '30' },
    rounds: { type: 'string', default: '3' },
    // A trial that writes nothing.
    quick: { type: 'boolean', default: false },
  },
});
const calls = Number(values.calls);
const seconds = Number(values.seconds);
const RATE = 16_000;
const frameLength = (RATE * FRAME_MS) / 1_000;

initializeLogger({ pretty: false, level: 'silent' });
const shared = silero();
await shared.load(new AbortController().signal);
const bundled = new inference.VAD();
const prewarmed = models();
await prewarmed.load(new AbortController().signal);
const vads = {
  "the SDK's own": () => bundled,
  'models()': () => prewarmed.vad(),
  'silero()': () => shared.create(),
};

const audio = await sentenceAndPause();
// The first stream of each VAD loads and compiles what later ones use.
for (const vad of Object.values(vads)) await measure(vad, 1, 2);
const rows = Object.fromEntries(Object.keys(vads).map((name) => [name, []]));
for (let n = 0; n < Number(values.rounds); n += 1) {
  for (const [name, vad] of Object.entries(vads)) {
    const row = await measure(vad, calls, seconds);
    rows[name].push(row);
    console.log(name, row);
  }
}
await shared[Symbol.asyncDispose]();
await prewarmed[Symbol.asyncDispose]();

await publish(vadReport, { machine: hardware, calls, seconds, rows }, { dryRun: values.quick });

/** Measures the CPU time of `count` streams that hear one caller each. */
async function measure(vad, count, lasting) {
  const streams = Array.from({ length: count }, () => vad().stream());
  const heard = streams.map(listen);
  const others = watchOthers();
  const from = cpu();
  const began = performance.now();
  const frames = Math.round((lasting * 1_000) / FRAME_MS);
  for (let at = 0; at < frames; at += 1) {
    // Callers do not all speak at the same time.
    streams.forEach((stream, n) => stream.pushFrame(frameAt(at + 13 * n)));
    const wait = began + (at + 1) * FRAME_MS - performance.now();
    if (wait > 0) await sleep(wait);
  }
  const to = cpu();
  const audioSeconds = (count * frames * FRAME_MS) / 1_000;
  for (const stream of streams) stream.close();
  return {
    threadMsPerSecond: rounded((to.threadMs - from.threadMs) / audioSeconds, 2),
    processMsPerSecond: rounded((to.processMs - from.processMs) / audioSeconds, 2),
    events: (await Promise.all(heard)).reduce((sum, one) => sum + one, 0),
    othersCores: others(),
  };
}

async function listen(stream) {
  let events = 0;
  for await (const _event of stream) events += 1;
  return events;
}

function frameAt(n) {
  const at = (n * frameLength) % (audio.length - frameLength);
  return new AudioFrame(audio.slice(at, at + frameLength), RATE, 1, frameLength);
}

/** A sentence and a pause of the same length, 16 kHz. */
async function sentenceAndPause() {
  const said = await readWav(speech.order.path);
  const pcm = new Int16Array(2 * said.length);
  pcm.set(said);
  return pcm;
}

function cpu() {
  const { user, system } = process.cpuUsage();
  const [nanoseconds] = readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ');
  return { threadMs: Number(nanoseconds) / 1e6, processMs: (user + system) / 1_000 };
}
