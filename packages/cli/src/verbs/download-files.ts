import { redactor } from '@openrtc/core/operate';

import { exitCode } from '../exit-code.js';
import { importFrom } from '../load/import-from.js';
import { printable } from '../terminal-text.js';
import { UsageError } from '../usage-error.js';
import { cachedBytes, damagedFiles } from './download/cached-files.js';
import { importPlugins } from './download/installed-plugins.js';
import { tellProgress } from './download/report-progress.js';
import type { VerbContext } from './verb-context.js';

/** A plugin of the SDK, as far as its files go. */
interface FilesPlugin {
  readonly title: string;
  readonly package: string;
  readonly version: string;
  downloadFiles(): unknown;
}

interface Sdk {
  readonly Plugin: {
    readonly registeredPlugins: readonly FilesPlugin[];
    readonly prototype: Pick<FilesPlugin, 'downloadFiles'>;
  };
}

const LONGEST_REASON = 512;

/**
 * `download-files`: every plugin that the agents import or that is installed beside them fetches its files. A plugin is
 * only known once it was imported, and agents may import theirs late.
 */
export async function run({ flags, host, load }: VerbContext): Promise<number> {
  const { folder } = await load((core) =>
    core.startLogs({ pretty: true, level: flags.logLevel ?? 'info' }),
  );
  const say = (line: string) => void host.stderr.write(`${line}\n`);
  const broken = await importPlugins(folder);
  for (const { name, error } of broken) say(`${name}: cannot be imported: ${reason(error, host)}`);
  const sdk = (await importFrom('@livekit/agents', folder)) as Sdk | undefined;
  if (sdk === undefined) throw new UsageError(`@livekit/agents is not installed for ${folder}`);
  let failed = broken.length;
  let fetched = 0;
  for (const plugin of sdk.Plugin.registeredPlugins) {
    const title = printable(`${plugin.title} (${plugin.package}@${plugin.version})`, 100);
    if (plugin.downloadFiles === sdk.Plugin.prototype.downloadFiles) {
      say(`${title}: needs no files`);
      continue;
    }
    say(`${title}: fetching …`);
    try {
      await fetchFiles(plugin, (words) => say(`${title}: ${words}`));
      fetched += 1;
      say(`${title}: done`);
    } catch (error) {
      failed += 1;
      say(`${title}: failed: ${reason(error, host)}`);
    }
  }
  if (failed > 0) say(`${failed} failed. Run it again: what is complete is not fetched twice.`);
  else if (fetched === 0) say('Nothing to fetch: no plugin here needs files.');
  return failed > 0 ? exitCode.failed : exitCode.done;
}

/** Once more where a file is not what its name says; then it is an error. */
async function fetchFiles(plugin: FilesPlugin, say: (words: string) => void): Promise<void> {
  const download = () => tellProgress(() => plugin.downloadFiles(), { bytes: cachedBytes, say });
  await download();
  if ((await damagedFiles({ remove: true })).length === 0) return;
  say('a file is not what its name says; fetching it once more');
  await download();
  const [damaged] = await damagedFiles({ remove: true });
  if (damaged !== undefined) throw new Error(`${damaged} does not have the hash it should have`);
}

function reason(error: unknown, { env }: VerbContext['host']): string {
  const words = error instanceof Error ? error.message : String(error);
  return printable(redactor(env)(words), LONGEST_REASON);
}
