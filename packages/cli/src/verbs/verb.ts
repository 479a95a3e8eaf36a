/** The verbs of `openrtc`. */
export const verbs = {
  dev: { pool: true, summary: 'Run the worker with a readable log.' },
  start: { pool: true, summary: 'Run the worker as in production: JSON log, drains on SIGTERM.' },
  console: { pool: true, summary: 'Talk to one agent in this terminal, without a server.' },
  connect: { pool: true, summary: 'Send one agent into one room now.' },
  list: { pool: true, summary: 'Show the agents.' },
  'download-files': { pool: true, summary: 'Fetch the files that the plugins of the agents need.' },
} as const satisfies Record<string, { readonly pool: boolean; readonly summary: string }>;

/** A verb of `openrtc`. */
export type Verb = keyof typeof verbs;

export const verbNames = Object.keys(verbs) as readonly Verb[];
