import { type LiveKitAddress, WorkerProcess } from '@openrtc/test-rig';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const REPORT = /reload \d+: .*|reload: nothing has changed: .*/;
// On a busy machine, compiling and loading may take seconds.
const REPORT_MS = 60_000;

/** `openrtc dev ./agents`, as a developer runs it in a project. */
export class DevWorker extends WorkerProcess {
  constructor(livekit: LiveKitAddress, project: string, onLine?: (line: string) => void) {
    const manifest = createRequire(import.meta.url).resolve('@openrtc/cli/package.json');
    super(livekit, {
      file: join(dirname(manifest), 'bin/openrtc.js'),
      args: ['dev', './agents'],
      cwd: project,
      // Ctrl-C in a terminal goes to the whole process group; the demo decides when its worker drains.
      detached: true,
      ...(onLine !== undefined && { onLine }),
    });
  }

  /** Saves a file; resolves with the line that the worker then writes about its reload. */
  async reportOf<Saved>(save: () => Saved): Promise<{ saved: Saved; report: string }> {
    const from = this.lines.all.length;
    const saved = save();
    const line = await this.lines.waitFor((each) => REPORT.test(each), {
      what: 'the report of a reload',
      timeoutMs: REPORT_MS,
      from,
    });
    // The log is coloured, also without a terminal.
    return { saved, report: REPORT.exec(stripVTControlCharacters(line))?.[0] ?? line };
  }
}
