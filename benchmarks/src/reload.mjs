// Measures what it takes to reload agents, without calls and under live ones, and a restart of the same worker beside it.
// Writes results/reload.json and the table in docs/reload.md.
import { findServerBinary, startCallers, startLiveKitServer } from '@openrtc/test-rig';
import { parseArgs } from 'node:util';
import { publish } from './documents.mjs';
import { GeneratedAgents, LINES, bin } from './generated-agents.mjs';
import { undisturbed } from './machine.mjs';
import { reload } from './reports/reload-report.mjs';
import { MeasuredWorker } from './run-worker.mjs';
import { rounded } from './statistics.mjs';

const { values } = parseArgs({
  options: {
    agents: { type: 'string', default: '20' },
    calls: { type: 'string' },
    rounds: { type: 'string' },
    // It does not wait for a quiet machine.
    busy: { type: 'boolean', default: false },
    // A short trial, which writes nothing either.
    quick: { type: 'boolean', default: false },
  },
});
const { quick } = values;
const agents = Number(values.agents);
const mostCalls = Number(values.calls ?? (quick ? 3 : 20));
const rounds = Number(values.rounds ?? (quick ? 3 : 10));
const PATIENCE_MS = 60_000;

const found = await findServerBinary({ onProgress: console.log });
const measured = await undisturbed(measure, { quick: quick || values.busy });
await publish(reload, { agents, lines: LINES, rounds, ...measured }, { dryRun: quick });

async function measure() {
  const server = await startLiveKitServer({ found });
  const callers = await startCallers();
  const project = await GeneratedAgents.create(agents);
  try {
    const rows = [];
    for (const calls of [0, mostCalls])
      rows.push(...(await measureReloads({ server, callers, project, calls })));
    return { rows, startMs: await measureStarts({ server, project }) };
  } finally {
    await callers.close();
    await server.close();
    await project.remove();
  }
}

/** The first reload of a worker, and some more. */
async function measureReloads({ server, callers, project, calls }) {
  const worker = await start({ server, project });
  try {
    const live = [];
    for (let at = 0; at < calls; at += 1) {
      const agent = project.names[at % agents];
      live.push(await call({ server, callers, agent, room: `reload-${calls}-${at}` }));
    }
    const [first] = await reloads(worker, 1, () => project.saveAll());
    const all = await reloads(worker, rounds, () => project.saveAll());
    const helper = await reloads(worker, rounds, () => project.saveHelper());
    for (const caller of live) await caller.hangUp();
    const rows = [
      { calls, saved: 'all', first: true, reloads: [first] },
      { calls, saved: 'all', first: false, reloads: all },
      { calls, saved: 'helper', first: false, reloads: helper },
    ];
    for (const row of rows) console.dir(row, { depth: null });
    return rows;
  } finally {
    await worker.stop();
  }
}

async function reloads(worker, count, save) {
  const all = [];
  for (let at = 0; at < count; at += 1) {
    const from = worker.messages.all.length;
    const savedAt = performance.now();
    await save();
    const told = await worker.messages.waitFor(() => true, {
      what: 'a reload',
      from,
      timeoutMs: PATIENCE_MS,
    });
    const sinceSaveMs = performance.now() - savedAt;
    if (told.outcome !== 'applied') throw new Error(`the reload was not made: ${told.error}`);
    all.push(withRounded({ ...told, sinceSaveMs }));
  }
  return all;
}

/** From the start of the process until LiveKit knows the worker. */
async function measureStarts({ server, project }) {
  const all = [];
  for (let at = 0; at < (quick ? 1 : 3); at += 1) {
    const startedAt = performance.now();
    const worker = await start({ server, project });
    all.push(Math.round(performance.now() - startedAt));
    await worker.stop();
  }
  console.log('starts', all);
  return all;
}

function start({ server, project }) {
  const args = ['start', project.of('main.ts'), '--watch', '--port', '0'];
  const env = { OPENRTC_RUNTIME_DIR: project.of('run') };
  return new MeasuredWorker(server, {
    name: 'openrtc',
    file: bin,
    args,
    env,
    ipc: true,
  }).registered();
}

/** Calls an agent, and hears its greeting to its end: then no turn is under way. */
async function call({ server, callers, agent, room }) {
  await server.createRoom(room, JSON.stringify({ agent }));
  const caller = await callers.join({
    url: server.url,
    token: await server.createToken('caller', room),
    microphone: false,
  });
  await caller.nextTranscript('agent', { timeoutMs: PATIENCE_MS });
  await caller.waitForSilence();
  return caller;
}

function withRounded(figures) {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      name,
      typeof value === 'number' ? rounded(value) : value,
    ]),
  );
}
