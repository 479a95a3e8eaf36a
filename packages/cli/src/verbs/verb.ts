/** The verbs of `openrtc`: whether they load a pool, and their description in the help. */
export const verbs = {
  dev: { pool: true, summary: 'Run the worker for development, with a readable log.' },
  start: { pool: true, summary: 'Run the worker for production: JSON log, drains on SIGTERM.' },
  console: { pool: true, summary: 'Talk to one agent in this terminal, without a server.' },
  connect: { pool: true, summary: 'Connect one agent to one room now.' },
  list: { pool: true, summary: 'List the agents.' },
  'download-files': {
    pool: true,
    summary: 'Download the files that the plugins of the agents need.',
  },
  reload: {
    pool: false,
    summary: 'Reload the agents of a running worker, in live calls too.',
  },
  top: {
    pool: false,
    summary: 'Watch the live calls of all workers of this user on this machine.',
  },
  tui: { pool: false, summary: 'Show a metrics file, once or as it grows.' },
  logs: { pool: false, summary: 'Show the log of one call from the log of a worker.' },
  usage: { pool: false, summary: 'Add up what calls have used, from metrics files, as CSV.' },
} as const satisfies Record<string, { readonly pool: boolean; readonly summary: string }>;

/** A verb of `openrtc`. */
export type Verb = keyof typeof verbs;

/** The names of all verbs, in the order of the help. */
export const verbNames = Object.keys(verbs) as readonly Verb[];
