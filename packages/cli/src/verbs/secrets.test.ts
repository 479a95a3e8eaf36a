import type { EmbeddedLiveKit } from '@openrtc/core/testing';
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { fixture, runCli } from '../cli-process.fixture.js';
import { TestFolder } from '../test-folder.fixture.js';
import { TestWorkers } from '../test-workers.fixture.js';

const MARKER = 'marker-of-a-provider-0123456789';

let workers: TestWorkers;
let livekit: EmbeddedLiveKit;
let folder: TestFolder;

beforeEach(async () => {
  workers = await TestWorkers.create();
  ({ livekit } = workers);
  folder = await TestFolder.create();
  await mkdir(folder.of('run'), { mode: 0o700 });
});

afterEach(async () => {
  await workers[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** The arguments of all processes of the command, which every user of the machine can list. */
async function commandLines(): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    // Some processes have ended by now.
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.filter((line) => line.includes('openrtc'));
}

test.skipIf(process.platform !== 'linux').each(['coroutine', 'process'])(
  'a worker with --isolation %s never shows a secret, not even one in an error of an agent (reads /proc: Linux)',
  async (isolation) => {
    const { url, apiKey, apiSecret } = livekit;
    const jsonl = folder.of('metrics.jsonl');
    const json = folder.of('now.json');
    const audit = folder.of('audit.jsonl');
    const env = {
      OPENAI_API_KEY: MARKER,
      LIVEKIT_API_KEY: apiKey,
      OPENRTC_RUNTIME_DIR: folder.of('run'),
    };
    const worker = workers.startWithout(
      [
        'start',
        fixture('pools/leaky.mjs'),
        '--isolation',
        isolation,
        '--dashboard',
        '--url',
        url,
        '--api-secret',
        apiSecret,
        '--log-level',
        'debug',
        '--metrics-jsonl',
        jsonl,
        '--metrics-json-file',
        json,
        '--audit-file',
        audit,
      ],
      { env },
    );
    const [, port = ''] = await worker.says(/health and metrics at http:\/\/127\.0\.0\.1:(\d+)/);
    await livekit.until((now) => now.workers.length > 0, 60_000);

    const broken = livekit.dispatch({ room: 'broken-1' });
    await livekit.until(
      ({ jobs }) => jobs.some(({ jobId, finalReports }) => jobId === broken && finalReports > 0),
      60_000,
    );
    const call = await livekit.call({ room: 'talks-1', joinTimeoutMs: 60_000 });
    expect(await call.nextReply()).toBe('Hello.');
    await call.type('fail');
    await worker.says(/the LLM .*failed: |a call ended.*talks/);
    const top = await runCli(['top', '--json'], { env });
    const answers = await Promise.all(
      ['/', '/readyz', '/worker', '/metrics'].map(async (path) =>
        (await fetch(`http://127.0.0.1:${port}${path}`)).text(),
      ),
    );
    const processes = await commandLines();
    call.hangUp();
    await call.ended;
    worker.child.kill('SIGTERM');
    const { stdout, stderr } = await worker.ended;

    const said: Readonly<Record<string, string>> = {
      stdout,
      stderr,
      top: top.stdout + top.stderr,
      answers: answers.join('\n'),
      processes: processes.join('\n'),
      jsonl: await readFile(jsonl, 'utf8'),
      json: await readFile(json, 'utf8'),
      audit: await readFile(audit, 'utf8'),
      'sent to LiveKit': JSON.stringify(livekit.jobs),
    };
    // The failure itself is reported.
    for (const where of ['stdout', 'jsonl', 'sent to LiveKit'])
      expect(said[where], where).toContain('401: incorrect API key');
    for (const [where, text] of Object.entries(said)) {
      expect(text, where).not.toBe('');
      expect(text, where).not.toContain(MARKER);
      expect(text, where).not.toContain(apiSecret);
      // A token.
      expect(text, where).not.toMatch(/\beyJ[\w-]+\.[\w-]+\./);
    }
  },
);
