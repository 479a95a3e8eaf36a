import { sortKeys } from '../live/top/select-calls.js';
import { dimensions, readDimensions, readTime } from '../verbs/usage/dimensions.js';
import { type OptionRow, interval, on, oneOf, text, texts, wholeNumber } from './option-row.js';

/** The options of single verbs other than `dev` and `start`. */
export const verbOptions = {
  agent: {
    takes: '<name>',
    read: text,
    help: 'agent that answers the call',
    verbs: ['console', 'connect'],
    default: 'chosen by the router',
  },
  voice: {
    read: on,
    help: 'also speak and listen, using arecord and aplay (alsa-utils) or rec and play (SoX); wear headphones',
    verbs: ['console'],
  },
  room: {
    takes: '<name>',
    read: text,
    help: 'room to join',
    verbs: ['connect'],
    required: true,
  },
  participantIdentity: {
    takes: '<identity>',
    read: text,
    help: 'participant the agent listens to; the call ends when this participant leaves',
    verbs: ['connect'],
    default: 'the first one in the room',
  },
  file: {
    takes: '<path>',
    read: text,
    help: 'metrics file or log; without it, or with -, logs reads stdin',
    verbs: ['tui', 'logs'],
    default: './openrtc-metrics.jsonl for tui',
    position: 1,
    perVerb: {
      tui: { help: 'metrics file of a worker', default: './openrtc-metrics.jsonl' },
      logs: { help: 'log of a worker; without it, or with -, stdin is read', default: null },
    },
  },
  fromStart: {
    read: on,
    help: 'read the whole file, not only the last MiB',
    verbs: ['tui'],
  },
  files: {
    takes: '<path...>',
    read: texts,
    many: true,
    help: 'metrics files with their rotated ones (.1, .2); * and ? in names; - reads stdin',
    verbs: ['usage'],
    position: 1,
    required: true,
  },
  by: {
    takes: '<names>',
    read: readDimensions,
    help: `what usage is told apart by: ${dimensions.join(', ')}`,
    verbs: ['usage'],
    default: 'tenant,agent,model',
  },
  from: {
    takes: '<time>',
    read: readTime,
    help: 'only calls that ended at this time or later: a day (UTC) or a time with its zone',
    verbs: ['usage'],
  },
  to: {
    takes: '<time>',
    read: readTime,
    help: 'only calls that ended before this time: a day (UTC) or a time with its zone',
    verbs: ['usage'],
  },
  prices: {
    takes: '<path>',
    read: text,
    help: 'JSON file with your prices, see docs/usage.md: adds the cost',
    verbs: ['usage'],
  },
  unfinished: {
    read: on,
    help: 'also count what is known of calls whose end is in no file',
    verbs: ['usage'],
  },
  session: {
    takes: '<id>',
    read: text,
    help: 'only lines about the call with this job id or room',
    verbs: ['logs'],
  },
  follow: { read: on, help: 'wait for new lines until it is stopped', verbs: ['logs'] },
  sort: {
    takes: '<by>',
    read: oneOf(sortKeys),
    help: `order of the calls: ${sortKeys.join(', ')}`,
    verbs: ['top'],
    default: 'state',
  },
  filter: {
    takes: '<words>',
    read: text,
    help: 'only calls that contain every word; tenant:acme searches one field',
    verbs: ['top'],
  },
  refresh: {
    takes: '<time>',
    read: interval,
    help: 'time between two updates, at least 250ms',
    verbs: ['top'],
    default: '1s',
  },
  once: { read: on, help: 'print the calls once and exit, as without a terminal', verbs: ['top'] },
  worker: {
    takes: '<pid>',
    read: wholeNumber(1, 4_194_304),
    help: 'process id of the worker whose agents are reloaded',
    verbs: ['reload'],
    default: 'the only one of this user',
    position: 1,
  },
  all: { read: on, help: 'all workers of this user on this machine', verbs: ['reload'] },
  json: {
    read: on,
    help: 'print JSON; see schemas/list.schema.json, schemas/reload.schema.json, schemas/top.schema.json, schemas/usage.schema.json',
    verbs: ['list', 'reload', 'top', 'logs', 'usage'],
    perVerb: {
      list: { help: 'print JSON, see schemas/list.schema.json' },
      reload: { help: 'print JSON, see schemas/reload.schema.json' },
      top: { help: 'print JSON, see schemas/top.schema.json' },
      logs: { help: 'print the lines of the log as they are, as JSON' },
      usage: { help: 'print JSON in place of CSV, see schemas/usage.schema.json' },
    },
  },
  plain: { read: on, help: 'print one line per agent', verbs: ['list'] },
  resources: {
    read: on,
    help: 'add the size of the source files, and the memory of this process with all agents loaded',
    verbs: ['list'],
  },
} as const satisfies Readonly<Record<string, OptionRow<unknown>>>;
