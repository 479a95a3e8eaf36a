/** The verbs of `openrtc`. */
export const verbs = {
  dev: { pool: true, summary: 'Run the worker with a readable log.' },
  start: { pool: true, summary: 'Run the worker as in production: JSON log, drains on SIGTERM.' },
  console: { pool: true, summary: 'Talk to one agent in this terminal, without a server.' },
  connect: { pool: true, summary: 'Send one agent into one room now.' },
  list: { pool: true, summary: 'Show the agents.' },
  'download-files': { pool: true, summary: 'Fetch the files that the plugins of the agents need.' },
  top: {
    pool: false,
    summary: 'Watch the live calls of all workers of this user on this machine.',
  },
  tui: { pool: false, summary: 'Show what a metrics file tells, once or as it grows.' },
  logs: { pool: false, summary: 'Show the log of one call, out of what start has written.' },
} as const satisfies Record<string, { readonly pool: boolean; readonly summary: string }>;

/** A verb of `openrtc`. */
export type Verb = keyof typeof verbs;

export const verbNames = Object.keys(verbs) as readonly Verb[];
