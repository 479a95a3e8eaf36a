import type { Verb } from '../verbs/verb.js';
import { type Flags, flagOf } from './table.js';

/** How the agents of a worker can be reloaded. */
export interface ReloadSettings {
  /** The flag that asks for it. Undefined: it is the default of the verb, where `@openrtc/hot-reload` is installed. */
  readonly asked: string | undefined;
  /** Whether they are reloaded when their files change. Otherwise only `openrtc reload` does it. */
  readonly watch: boolean;
}

/** How the flags ask for it; undefined when the agents are loaded once. */
export function reloadSettings(
  verb: Verb,
  { watch, noWatch, reloadable }: Flags,
): ReloadSettings | undefined {
  if (verb === 'dev') return { asked: undefined, watch: noWatch !== true };
  if (verb !== 'start') return undefined;
  if (watch === true) return { asked: flagOf('watch'), watch: true };
  return reloadable === true ? { asked: flagOf('reloadable'), watch: false } : undefined;
}
