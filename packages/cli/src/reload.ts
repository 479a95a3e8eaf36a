import { resolve } from 'node:path';

import type { Companion } from './companion.js';
import { reloadSettings } from './options/reload-settings.js';
import { writeMessage } from './host.js';
import { basename } from 'node:path';

/** Reloads the agents of a worker when their files change. */
export const reload: Companion = {
  async open({ pool, verb, flags, host, loaded: { hot, core } }) {
    if (hot === undefined || reloadSettings(verb, flags)?.watch !== true) return undefined;
    const { watchPath } = flags;
    return hot.hotReload.watchAgents({
      pool: { reload: () => core.reloadChanged(pool) },
      code: hot.code,
      isAgentFile: (path) => core.isAgentFile(basename(path)),
      others: watchPath === undefined ? [] : [resolve(watchPath)],
      onError: (error) => writeMessage(host, `the agents cannot be watched: ${String(error)}`),
    });
  },
};
