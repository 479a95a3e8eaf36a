// Measures what an agent's silence costs, and what a caller hears when the source sends no silence: in a room of a real
// server, with a tone every few seconds, with the SDK's queue of 200 ms and without a queue. Writes
// results/silence.json and the table in docs/speed.md.
import {
  AudioFrame,
  AudioSource,
  AudioStream,
  LocalAudioTrack,
  Room,
  RoomEvent,
  TrackPublishOptions,
  TrackSource,
  dispose,
} from '@livekit/rtc-node';
import { findServerBinary, startLiveKitServer } from '@openrtc/test-rig';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { watchOthers } from './machine.mjs';
import { TONE_MS, silence } from './reports/silence-report.mjs';
import { rounded } from './statistics.mjs';
import { publish } from './documents.mjs';

const { values } = parseArgs({
  options: { turns: { type: 'string', default: '10' }, quick: { type: 'boolean', default: false } },
});
const turns = Number(values.turns);
const RATE = 24_000;
const FRAME_MS = 10;
const PAUSE_MS = 3_000;
const SILENCE_S = 10;
const LOUD = 1_000;

const found = await findServerBinary({ onProgress: console.log });
const others = watchOthers();
const rows = [];
for (const queueMs of [200, 0]) {
  const row = { queueMs, ...(await measure(queueMs)) };
  rows.push(row);
  console.log(row);
}
await dispose();
const figures = { turns, othersCores: others(), rows };
await publish(silence, figures, { dryRun: values.quick });

async function measure(queueMs) {
  const server = await startLiveKitServer({ found });
  const [agent, caller] = [new Room(), new Room()];
  const join = async (room, name) =>
    room.connect(server.url, await server.createToken(name, 'r'), {});
  try {
    const heard = [];
    caller.on(RoomEvent.TrackSubscribed, (track) => void listen(track, heard));
    await join(caller, 'caller');
    await join(agent, 'agent');
    const source = new AudioSource(RATE, 1, queueMs);
    const track = LocalAudioTrack.createAudioTrack('voice', source);
    const options = new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE });
    await (await agent.localParticipant.publishTrack(track, options)).waitForSubscription();
    await sleep(1_000);
    const beginMs = [];
    const endMs = [];
    for (let turn = 0; turn < turns; turn += 1) {
      const startedAt = performance.now();
      await play(source, startedAt);
      const endedAt = performance.now();
      await sleep(PAUSE_MS);
      const sounds = heard.filter((at) => at >= startedAt);
      beginMs.push(Math.round((sounds[0] ?? Number.NaN) - startedAt));
      endMs.push(Math.round((sounds.at(-1) ?? Number.NaN) - endedAt));
    }
    const before = process.cpuUsage();
    await sleep(SILENCE_S * 1_000);
    const { user, system } = process.cpuUsage(before);
    return {
      beginMs,
      endMs,
      silenceCpuMsPerSecond: rounded((user + system) / 1_000 / SILENCE_S),
    };
  } finally {
    await agent.disconnect();
    await caller.disconnect();
    await server.close();
  }
}

async function play(source, startedAt) {
  for (let n = 0; n < TONE_MS / FRAME_MS; n += 1) {
    await source.captureFrame(tone(n));
    const wait = startedAt + (n + 1) * FRAME_MS - performance.now();
    if (wait > 0) await sleep(wait);
  }
}

function tone(n) {
  const samples = (RATE * FRAME_MS) / 1_000;
  const data = Int16Array.from({ length: samples }, (_, at) =>
    Math.round(8_000 * Math.sin((2 * Math.PI * 440 * (n * samples + at)) / RATE)),
  );
  return new AudioFrame(data, RATE, 1, samples);
}

/** Records when there was sound. */
async function listen(track, heard) {
  const frames = new AudioStream(track, {
    sampleRate: RATE,
    numChannels: 1,
    frameSizeMs: FRAME_MS,
  });
  for await (const { data } of frames) {
    const mean = data.reduce((sum, sample) => sum + Math.abs(sample), 0) / data.length;
    if (mean > LOUD) heard.push(performance.now());
  }
}
