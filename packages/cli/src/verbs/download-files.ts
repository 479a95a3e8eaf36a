import { printable, redactor } from '@openrtc/core/operate';

import { exitCode } from '../exit-code.js';
import { importFrom } from '../load/import-from.js';
import { UsageError } from '../usage-error.js';
import { cachedBytes, damagedFiles } from './download/cached-files.js';
import { importPlugins } from './download/installed-plugins.js';
import { reportProgress } from './download/report-progress.js';
import type { VerbContext } from './verb-context.js';

/** The fields of an SDK plugin that matter for its files. */
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

const MAX_REASON = 512;

/**
 * `download-files`: downloads the files of every plugin that the agents import or that is installed beside them. A plugin
 * is only known after it has been imported, and agents may import theirs late.
 */
export async function run({ flags, host, load }: VerbContext): Promise<number> {
  const { folder } = await load((core) =>
    core.startLogs({ pretty: true, level: flags.logLevel ?? 'info' }),
  );
  const print = (line: string) => void host.stderr.write(`${line}\n`);
  const broken = await importPlugins(folder);
  for (const { name, error } of broken)
    print(`${name}: cannot be imported: ${reason(error, host)}`);
  const sdk = (await importFrom('@livekit/agents', folder)) as Sdk | undefined;
  if (sdk === undefined) throw new UsageError(`@livekit/agents is not installed for ${folder}`);
  let failed = broken.length;
  let fetched = 0;
  for (const plugin of sdk.Plugin.registeredPlugins) {
    const title = printable(`${plugin.title} (${plugin.package}@${plugin.version})`, 100);
    if (plugin.downloadFiles === sdk.Plugin.prototype.downloadFiles) {
      print(`${title}: needs no files`);
      continue;
    }
    print(`${title}: downloading …`);
    try {
      await fetchFiles(plugin, (message) => print(`${title}: ${message}`));
      fetched += 1;
      print(`${title}: done`);
    } catch (error) {
      failed += 1;
      print(`${title}: failed: ${reason(error, host)}`);
    }
  }
  if (failed > 0) print(`${failed} failed. Run it again: complete files are not downloaded twice.`);
  else if (fetched === 0) print('Nothing to download: no plugin here needs files.');
  return failed > 0 ? exitCode.failed : exitCode.done;
}

/** Downloads again when a file does not match its hash; a second mismatch is an error. */
async function fetchFiles(plugin: FilesPlugin, report: (message: string) => void): Promise<void> {
  const download = () =>
    reportProgress(() => plugin.downloadFiles(), { bytes: cachedBytes, report });
  await download();
  if ((await damagedFiles({ remove: true })).length === 0) return;
  report('a file does not match its hash; downloading it again');
  await download();
  const [damaged] = await damagedFiles({ remove: true });
  if (damaged !== undefined) throw new Error(`${damaged} does not match its hash`);
}

function reason(error: unknown, { env }: VerbContext['host']): string {
  const message = error instanceof Error ? error.message : String(error);
  return printable(redactor(env)(message), MAX_REASON);
}
