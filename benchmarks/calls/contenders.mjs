import { nodeProgram, ownMajor } from './node-programs.mjs';
import { pythonProgram } from './python-program.mjs';

const worker = (file) => new URL(`./workers/${file}`, import.meta.url).href;
const python = (file) => new URL(`./python/${file}`, import.meta.url).href;
const pacedAgent = worker('paced-agent.mjs');

/** OpenRTC with these options, see `workers/openrtc.mjs`. */
export const openrtc = (options) => ({
  language: 'node',
  file: new URL('../src/workers/openrtc.mjs', import.meta.url).href,
  args: [JSON.stringify({ agent: pacedAgent, ...options })],
});
const agents = (env) => ({ language: 'node', file: worker('agents.mjs'), args: ['start'], env });

/** The targets of the project compare OpenRTC with the SDK at up to this many calls. */
const COMPARED = 10;
/** The number of calls for workers that are measured `once`. */
export const ONCE_AT = 5;

/**
 * Every worker that can be measured, by its name for `--workers`. `headline`: the main subject, measured longer with
 * the most calls. `peer`: a worker that OpenRTC is compared with. `atLeast`: tried with up to this many calls even when
 * fewer were slow. `once`: measured with one number of calls only.
 */
const ALL = {
  openrtc: { name: 'OpenRTC, coroutine', headline: true, atLeast: COMPARED, ...openrtc({}) },
  'openrtc-1': {
    name: 'OpenRTC, 1 call a process',
    ...openrtc({ processes: { sessionsPerProcess: 1 } }),
  },
  'openrtc-5': {
    name: 'OpenRTC, 5 calls a process',
    ...openrtc({ processes: { sessionsPerProcess: 5 } }),
  },
  'openrtc-25': {
    name: 'OpenRTC, 25 calls a process',
    ...openrtc({ processes: { sessionsPerProcess: 25 } }),
  },
  agents: { name: '@livekit/agents', peer: true, atLeast: COMPARED, ...agents({}) },
  'py-openrtc': {
    name: 'OpenRTC for Python, coroutine',
    peer: true,
    language: 'python',
    file: python('openrtc_worker.py'),
    args: ['start'],
  },
  'py-agents': {
    name: 'livekit-agents (Python)',
    peer: true,
    language: 'python',
    file: python('livekit_worker.py'),
    args: ['start'],
  },
  'agents-8': {
    name: '@livekit/agents, 8 idle processes',
    once: true,
    ...agents({ BENCH_IDLE_PROCESSES: '8' }),
  },
  'openrtc-detector': {
    name: 'OpenRTC, coroutine, turn detector',
    once: true,
    ...openrtc({ detector: true }),
  },
};

/** The names for `--workers`; with `@24` added, a worker runs on Node 24 whatever `--nodes` says. */
export const workerKeys = Object.keys(ALL);

/** One entry for each Node version that a worker is measured on; Python workers have one entry without a version. */
function versionsOf(key, nodes) {
  const [name, only] = key.split('@');
  if (ALL[name].language === 'node')
    return (only === undefined ? nodes : [only]).map((major) => ({ key: name, major }));
  if (only !== undefined) throw new Error(`${name} runs on Python: it cannot have @${only}`);
  return [{ key: name }];
}

/**
 * The workers of a run, each with `key`, `name` and the command that starts it; Node workers once per major version.
 * Workers that cannot be installed here are left out, with the reason in `missing`.
 */
export async function contenders({ keys, nodes }) {
  const wanted = keys.flatMap((key) => versionsOf(key, nodes));
  const programs = new Map();
  for (const { major } of wanted) {
    if (major !== undefined && !programs.has(major)) programs.set(major, await nodeProgram(major));
  }
  const needsPython = wanted.some(({ key }) => ALL[key].language === 'python');
  const snake = needsPython ? await pythonProgram() : undefined;
  const missing = [];
  const all = wanted.flatMap(({ key, major }) => {
    const one = { key, ...ALL[key] };
    if (one.language === 'node') return [onNode(one, major)];
    if (snake.reason === undefined) return [{ ...one, program: snake.program }];
    missing.push(`${one.name}: ${snake.reason}`);
    return [];
  });
  const versions = {
    ...Object.fromEntries([...programs].map(([major, { version }]) => [`node${major}`, version])),
    ...(snake?.version && { python: snake.version }),
  };
  return { all, missing, versions };

  function onNode(one, major) {
    const { program } = programs.get(major);
    if (programs.size === 1 && major === ownMajor) return { ...one, node: major, program };
    return {
      ...one,
      node: major,
      program,
      key: major === nodes[0] ? one.key : `${one.key}@${major}`,
      name: `${one.name}, Node ${major}`,
    };
  }
}
