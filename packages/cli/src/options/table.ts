import { sortKeys } from '../live/top/select-calls.js';
import {
  type OptionRow,
  duration,
  interval,
  on,
  oneOf,
  text,
  whole,
  yesOrNo,
} from './option-row.js';

const WORKER = ['dev', 'start'] as const;
const SERVER = ['dev', 'start', 'connect'] as const;
const RUNS = ['dev', 'start', 'console', 'connect'] as const;
const ALL = ['dev', 'start', 'console', 'connect', 'list', 'download-files'] as const;
const SHOWS = [...RUNS, 'list'] as const;

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Every option of every verb. The program, the environment, the help and {@link Flags} are made from it. */
export const optionTable = {
  agentsDir: {
    takes: '<path>',
    read: text,
    help: 'a directory of agents, one a file, or a module that exports a pool or runs one; TypeScript or JavaScript',
    verbs: ALL,
    env: 'OPENRTC_AGENTS_DIR',
    position: 1,
  },
  isolation: {
    takes: '<where>',
    read: oneOf(['coroutine', 'process']),
    help: 'where calls run: coroutine, all in the process of the worker, or process, in processes of their own',
    verbs: WORKER,
    env: 'OPENRTC_ISOLATION',
    default: 'coroutine',
  },
  sessionsPerProcess: {
    takes: '<number>',
    read: whole(1, 1_000),
    help: 'with --isolation process: most calls at a time in one process',
    verbs: WORKER,
    env: 'OPENRTC_SESSIONS_PER_PROCESS',
    default: '1',
  },
  memoryLimitMb: {
    takes: '<MiB>',
    read: whole(128, 1_048_576),
    help: 'with --isolation process: a process that uses more is ended with its calls',
    verbs: WORKER,
    env: 'OPENRTC_MEMORY_LIMIT_MB',
    default: 'none',
  },
  maxConcurrentSessions: {
    takes: '<number>',
    read: whole(1, 100_000),
    help: 'most calls at a time, a hard cap',
    verbs: WORKER,
    env: 'OPENRTC_MAX_CONCURRENT_SESSIONS',
    default: '50',
  },
  drainTimeout: {
    takes: '<time>',
    read: duration,
    help: 'how long a drain waits for live calls, in seconds or with a unit: 90s, 15m, 1h',
    verbs: WORKER,
    env: 'OPENRTC_DRAIN_TIMEOUT',
    default: '1h',
  },
  defaultStt: {
    takes: '<model>',
    read: text,
    help: 'speech-to-text of agents that name none, such as deepgram/nova-3',
    verbs: SHOWS,
    env: 'OPENRTC_DEFAULT_STT',
  },
  defaultLlm: {
    takes: '<model>',
    read: text,
    help: 'language model of agents that name none, such as openai/gpt-4.1-mini',
    verbs: SHOWS,
    env: 'OPENRTC_DEFAULT_LLM',
  },
  defaultTts: {
    takes: '<model>',
    read: text,
    help: 'voice of agents that name none, such as cartesia/sonic-3',
    verbs: SHOWS,
    env: 'OPENRTC_DEFAULT_TTS',
  },
  defaultGreeting: {
    takes: '<text>',
    read: text,
    help: 'what agents say first that have no greeting, spoken as written',
    verbs: SHOWS,
    env: 'OPENRTC_DEFAULT_GREETING',
  },
  agentName: {
    takes: '<name>',
    read: text,
    help: 'take explicitly dispatched calls under this name only',
    verbs: WORKER,
    env: 'LIVEKIT_AGENT_NAME',
    envReadByCore: true,
  },
  url: {
    takes: '<url>',
    read: text,
    help: 'where LiveKit is',
    verbs: SERVER,
    env: 'LIVEKIT_URL',
    envReadByCore: true,
  },
  apiKey: {
    takes: '<key>',
    read: text,
    help: 'API key of LiveKit',
    verbs: SERVER,
    env: 'LIVEKIT_API_KEY',
    envReadByCore: true,
  },
  apiSecret: {
    takes: '<secret>',
    read: text,
    help: 'API secret of LiveKit; prefer the variable, arguments are visible to others on the machine',
    verbs: SERVER,
    env: 'LIVEKIT_API_SECRET',
    envReadByCore: true,
    secret: true,
  },
  local: {
    read: on,
    help: 'start the livekit-server of this machine beside the worker, and end it with it',
    verbs: ['dev'],
  },
  port: {
    takes: '<number>',
    read: whole(0, 65_535),
    help: 'where /healthz, /readyz and /metrics are answered; 0: any port that is free',
    verbs: WORKER,
    env: 'OPENRTC_PORT',
    default: '8081; 0 for dev',
  },
  host: {
    takes: '<address>',
    read: text,
    help: 'the address of that port; 0.0.0.0 or :: for the probes of a cluster',
    verbs: WORKER,
    env: 'OPENRTC_HOST',
    default: '127.0.0.1',
  },
  metricsJsonFile: {
    takes: '<path>',
    read: text,
    help: 'a file that always holds the last snapshot',
    verbs: WORKER,
    env: 'OPENRTC_METRICS_JSON_FILE',
  },
  metricsJsonl: {
    takes: '<path>',
    read: text,
    help: 'a file that snapshots and events are appended to, a line of JSON each',
    verbs: WORKER,
    env: 'OPENRTC_METRICS_JSONL',
    position: 2,
  },
  metricsJsonlInterval: {
    takes: '<time>',
    read: interval,
    help: 'with --metrics-jsonl: how often a snapshot is appended, at least 250ms',
    verbs: WORKER,
    env: 'OPENRTC_METRICS_JSONL_INTERVAL',
    default: '1s',
  },
  dashboard: {
    read: yesOrNo,
    help: 'show on stderr what the worker does: in the last lines of a terminal, else a line each time',
    verbs: WORKER,
    env: 'OPENRTC_DASHBOARD',
  },
  dashboardRefresh: {
    takes: '<time>',
    read: interval,
    help: 'with --dashboard: how often, at least 250ms',
    verbs: WORKER,
    env: 'OPENRTC_DASHBOARD_REFRESH',
    default: '1s',
  },
  logLevel: {
    takes: '<level>',
    read: oneOf(LOG_LEVELS),
    help: `the least that is logged: ${LOG_LEVELS.join(', ')}`,
    verbs: [...RUNS, 'download-files'],
    env: 'LIVEKIT_LOG_LEVEL',
    default: 'info; error for console',
  },
  agent: {
    takes: '<name>',
    read: text,
    help: 'the agent that answers',
    verbs: ['console', 'connect'],
    default: 'as a call would be routed',
  },
  voice: {
    read: on,
    help: 'speak and listen as well, by arecord and aplay (alsa-utils) or rec and play (SoX); wear headphones',
    verbs: ['console'],
  },
  room: {
    takes: '<name>',
    read: text,
    help: 'the room to join',
    verbs: ['connect'],
    required: true,
  },
  participantIdentity: {
    takes: '<identity>',
    read: text,
    help: 'the participant the agent listens to; the call ends when that one leaves',
    verbs: ['connect'],
    default: 'the first in the room',
  },
  file: {
    takes: '<path>',
    read: text,
    help: 'the metrics file, or the log; logs without it, or with -, reads what comes on stdin',
    verbs: ['tui', 'logs'],
    default: './openrtc-metrics.jsonl for tui',
    position: 1,
  },
  watch: { read: on, help: 'show it as it grows', verbs: ['tui'] },
  fromStart: {
    read: on,
    help: 'begin with its first line, not with the last of them',
    verbs: ['tui'],
  },
  session: {
    takes: '<id>',
    read: text,
    help: 'only the lines about one call, by its job id or its room',
    verbs: ['logs'],
  },
  follow: { read: on, help: 'wait for lines to come, until it is ended', verbs: ['logs'] },
  sort: {
    takes: '<by>',
    read: oneOf(sortKeys),
    help: `the order of calls: ${sortKeys.join(', ')}`,
    verbs: ['top'],
    default: 'state',
  },
  filter: {
    takes: '<words>',
    read: text,
    help: 'only calls in which every word is found; tenant:acme looks in one field',
    verbs: ['top'],
  },
  refresh: {
    takes: '<time>',
    read: interval,
    help: 'how often it looks, at least 250ms',
    verbs: ['top'],
    default: '1s',
  },
  once: { read: on, help: 'print what there is, and end, as without a terminal', verbs: ['top'] },
  json: {
    read: on,
    help: 'as JSON; list and top: see schemas/list.schema.json, schemas/top.schema.json',
    verbs: ['list', 'top', 'logs'],
  },
  plain: { read: on, help: 'a line of text for each agent', verbs: ['list'] },
  resources: {
    read: on,
    help: 'add the size of the sources, and the memory of this process with all agents loaded',
    verbs: ['list'],
  },
} as const satisfies Readonly<Record<string, OptionRow<unknown>>>;

/** What a verb is told, read and checked; what was not given is absent. */
export type Flags = {
  readonly [Name in keyof typeof optionTable]?: ReturnType<(typeof optionTable)[Name]['read']>;
};

/** A table of options. */
export type OptionTable = Readonly<Record<string, OptionRow<unknown>>>;

/** The table where the pool is there already, and nobody needs to say where. */
export function tableWithPool(): OptionTable {
  const { agentsDir: _agentsDir, ...others } = optionTable;
  return others;
}

/** The rows of a table that are for one verb, with their names. */
export function rowsOf(
  verb: string,
  table: OptionTable = optionTable,
): readonly (readonly [name: string, row: OptionRow<unknown>])[] {
  return Object.entries(table).filter(([, { verbs }]) =>
    (verbs as readonly string[]).includes(verb),
  );
}

/** The flag of an option: `--max-concurrent-sessions` of `maxConcurrentSessions`. */
export function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
