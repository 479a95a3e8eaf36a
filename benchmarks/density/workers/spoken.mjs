// The worker of the spoken workload: real sessions of a pool that hear speech and answer. Their rooms carry text only,
// so `setup()` gives them audio.
import { inference, voice } from '@livekit/agents';
import { AgentPool } from '@openrtc/core';
import { coroutine } from '@openrtc/isolation-coroutine';
import { models } from '@openrtc/prewarm';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile, rounded } from '../../src/statistics.mjs';
import { providers, turnHandling } from '../../src/workers/echo-agent.mjs';
import { Conveyor } from '../audio/conveyor.mjs';
import { Line } from '../audio/line.mjs';
import { BufferToucher } from '../touch-buffers.mjs';

const LAG_RESOLUTION_MS = 10;
const ALL_LOOK_MS = 250;
// On a machine where only a few can talk at once, all of them would take an hour.
const ALL_PATIENCE_MS = 120_000;
const REST_MS = 500;
const REST_USE = 0.1;
const REST_PATIENCE_MS = 60_000;

const conveyor = new Conveyor();
const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
const buffers = new BufferToucher();
let speech;

const pool = new AgentPool({
  isolation: coroutine(),
  models: models(),
  maxConcurrentSessions: 1_000,
  maxEventLoopLagMs: Infinity,
  joinTimeoutMs: 60_000,
  defaults: {
    stt: () => providers().stt,
    llm: () => providers().llm,
    tts: () => providers().tts,
    session: { turnHandling },
  },
  setup(_ctx, session) {
    const line = new Line(speech);
    session.input.audio = line.microphone;
    session.output.audio = line.speaker;
    const onState = ({ newState }) => {
      if (newState !== 'listening') return;
      session.off(voice.AgentSessionEventTypes.AgentStateChanged, onState);
      conveyor.add(line);
    };
    session.on(voice.AgentSessionEventTypes.AgentStateChanged, onState);
  },
});
// The pool gives no VAD to a session whose room has no audio, so the agent brings the one other sessions get.
pool.add(
  'bench',
  () => new voice.Agent({ instructions: 'You repeat what you hear.', vad: new inference.VAD() }),
);

const answers = {
  /** Sets the callers' sentence: 16 kHz, 16 bit, base64. */
  setSpeech({ pcm }) {
    const bytes = Buffer.from(pcm, 'base64');
    speech = new Int16Array(new Uint8Array(bytes).buffer);
  },
  /** How many sessions listen. */
  count: () => conveyor.size,
  /** Sets how many callers are on the line at the same time; 0 for none. */
  talk: ({ atOnce }) => conveyor.talk(atOnce),
  measure,
  rest,
  /** Collects garbage; returns the size of all array buffers, written or not. */
  sweep: () => buffers.sweep(),
  touch: () => buffers.touch(),
};

process.on('message', (question) => {
  void (async () => {
    try {
      process.send({ answer: await answers[question.to](question) });
    } catch (error) {
      process.send({ error: String(error?.stack ?? error) });
    }
  })();
});
process.once('disconnect', () => process.exit());
await pool.run();

/** Measures event loop, CPU time and turns for `ms`; with `all`, until every session has had a turn. */
async function measure({ ms, all }) {
  conveyor.takeTurns();
  lag.enable();
  lag.reset();
  const cpu = process.cpuUsage();
  const use = performance.eventLoopUtilization();
  const startedAt = performance.now();
  await sleep(ms);
  const patienceEnds = performance.now() + ALL_PATIENCE_MS;
  while (all && conveyor.talked < conveyor.size && performance.now() < patienceEnds)
    await sleep(ALL_LOOK_MS);
  const seconds = (performance.now() - startedAt) / 1_000;
  const { utilization } = performance.eventLoopUtilization(use);
  const { user, system } = process.cpuUsage(cpu);
  lag.disable();
  const { due, latencies } = conveyor.takeTurns();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return {
    seconds: rounded(seconds, 2),
    loopUse: rounded(utilization, 3),
    lagP50Ms: lagMs(50),
    lagP99Ms: lagMs(99),
    lagMostMs: lagMs(100),
    cpuCores: rounded((user + system) / 1e6 / seconds, 3),
    talked: conveyor.talked,
    heardSeconds: rounded(conveyor.heardMs / 1_000, 1),
    turnsDue: due,
    turnsAnswered: latencies.length,
    turnP50Ms: percentile(latencies, 0.5),
    turnP99Ms: percentile(latencies, 0.99),
    heapMb: rounded(heapUsed / 2 ** 20, 1),
    arrayBuffersMb: rounded(arrayBuffers / 2 ** 20, 1),
  };
}

/** Stops all callers and resolves when the backlog is done. */
async function rest() {
  conveyor.talk(0);
  const deadline = performance.now() + REST_PATIENCE_MS;
  for (;;) {
    const use = performance.eventLoopUtilization();
    await sleep(REST_MS);
    const { utilization } = performance.eventLoopUtilization(use);
    if (!conveyor.busy && utilization < REST_USE) return;
    if (performance.now() > deadline) throw new Error('the event loop did not come to rest');
  }
}

/** The histogram counts the time between two timers, which is the resolution when nothing is late. */
function lagMs(percent) {
  return rounded(Math.max(0, lag.percentile(percent) / 1e6 - LAG_RESOLUTION_MS), 1);
}
