import { voice } from '@livekit/agents';
import { expect, vi } from 'vitest';

import { LogBook } from '../../base/log-book.js';
import { TestFolder } from '../../operate/files.fixture.js';
import { readWorkers } from '../../operate/read-workers.js';
import { ReportSocket } from '../../operate/report-socket.js';
import type { WorkerReport } from '../../operate/worker-report.js';
import { isPinned, pinReload } from '../../sdk/reload-pins.js';
import { MembershipVerifier, signMembership } from '../../signing.js';
import { EchoAgent, failing } from '../pool-harness.js';
import { answerTo, type PythonRow, SAME } from './python-row.fixture.js';

/** What the failures of some do to the worker of all. */
export const workerRows: readonly PythonRow[] = [
  {
    what: 'agents that fail one after the other',
    python: 'five failed calls end the worker, also those of one tenant or with a wrong agent name',
    here: 'never: only failures of the machine or of the worker count',
    differs: 'another worker would have them as well, and whoever dispatches could end this one',
    proof: async (rig) => {
      const broken = () => {
        throw new Error('broken');
      };
      const { pool } = await rig.registered({
        agents: { good: () => new EchoAgent(), broken },
        consecutiveFailureLimit: 2,
      });
      for (let room = 0; room < 4; room += 1) {
        const metadata = { agent: 'broken', tenant: `tenant-${room}` };
        await rig.ends.of(rig.livekit.dispatch({ room: `${room}`, metadata }));
      }
      expect(await answerTo(rig)).toBe('You said: hi');
      expect(pool.runtimeSnapshot()).toMatchObject({ state: 'running', consecutiveFailures: 0 });
    },
  },
  {
    what: 'a worker that fails call after call',
    fault: 'B15',
    python: 'it drains, say the documents; the code ends all live calls at once',
    here: 'it drains: live calls go on to their own end',
    differs: 'from the code only',
    proof: async (rig) => {
      const { pool, running } = await rig.registered({
        agents: { good: () => new EchoAgent(), bad: () => new EchoAgent() },
        isolation: failing('ISOLATION_LOST'),
        consecutiveFailureLimit: 2,
      });
      const call = await rig.livekit.call({ metadata: { agent: 'good' } });
      for (const room of ['one', 'two'])
        await rig.ends.of(rig.livekit.dispatch({ room, metadata: { agent: 'bad' } }));
      await expect.poll(() => pool.runtimeSnapshot().state).toBe('draining');
      expect(await call.say('hi')).toBe('You said: hi');
      call.hangUp();
      await expect(running).rejects.toMatchObject({ code: 'POOL_UNHEALTHY' });
    },
  },
  {
    what: 'a worker at its limit of memory',
    fault: 'B15',
    python: 'it drains and starts anew, say the documents; the code ends all live calls at once',
    here: 'further calls are refused, and the live ones go on',
    differs: 'from the code as well: the memory is there again when calls have ended',
    proof: async (rig) => {
      // The process of a test has more than that.
      const running = await rig.registered({ maxMemoryMb: 128 });
      await rig.livekit.until(({ workers }) => workers[0]?.status === 'full');
      const { state, refused: counts } = running.pool.runtimeSnapshot();
      expect({ state, counts }).toEqual({ state: 'running', counts: {} });
    },
  },
  {
    what: 'pins of a call inside each other',
    fault: 'B15',
    python: 'the end of the inner one ends the outer one',
    here: 'counted: the call is pinned until the last one ends',
    differs: 'the payment in the middle is that of the outer one',
    proof: () => {
      const session = new voice.AgentSession({});
      const outer = pinReload(session);
      pinReload(session).release();
      expect(isPinned(session)).toBe(true);
      outer.release();
      expect(isPinned(session)).toBe(false);
    },
  },
  {
    what: 'two workers of one machine',
    fault: 'B15',
    python: 'have one socket for `top`: the second takes it from the first',
    here: 'have one each, and `openrtc top` shows both',
    differs: 'a machine has several cores',
    proof: async () => {
      await using folder = await TestFolder.make();
      const directory = folder.of('run');
      vi.stubEnv('OPENRTC_RUNTIME_DIR', directory);
      const listen = (entry: string) =>
        ReportSocket.listen(
          async () =>
            ({
              schemaVersion: 1,
              worker: { pid: process.pid, entry },
              machine: { loadAverage: [0, 0, 0] },
              snapshot: { sessions: [] },
              processes: [],
            }) as unknown as WorkerReport,
          new LogBook(),
        );
      const sockets = [await listen('one.ts'), await listen('two.ts')];
      try {
        const { workers } = await readWorkers({ directories: [directory] });
        expect(new Set(workers.map(({ report }) => report?.worker.entry))).toEqual(
          new Set(['one.ts', 'two.ts']),
        );
      } finally {
        vi.unstubAllEnvs();
        for (const socket of sockets) await socket?.[Symbol.asyncDispose]();
      }
    },
  },
];

const now = 1_700_000_000;
const claim = { version: 'v1', workerId: 'w-1', timestamp: now };
const signed = (secret = 's') => ({ ...claim, token: signMembership({ ...claim, secret }) });
const verifier = (secrets: readonly string[], age = 0, expectedVersion = 'v1') =>
  new MembershipVerifier({ secrets, expectedVersion, clock: () => now + age });
const thrown = (code: string) => expect.objectContaining({ code });

/** How a worker proves its version; `base/membership.test.ts` has all vectors. */
export const membershipRows: readonly PythonRow[] = [
  {
    what: 'the token of a worker and its version',
    python: 'the HMAC-SHA256 of its version, name and time as JSON',
    here: SAME,
    proof: () =>
      expect(signed().token).toBe(
        '3561904357d83f9642af3f9e09db65cf8d65339d39d78878a508ea78c6019e47',
      ),
  },
  {
    what: 'how old a token may be',
    python: '300 s in each direction, both included, unless it is said otherwise',
    here: SAME,
    proof: () => {
      for (const age of [300, 0, -300]) verifier(['s'], age).verify(signed());
      for (const age of [300.5, -300.5])
        expect(verifier(['s'], age).isValid(signed()), String(age)).toBe(false);
    },
  },
  {
    what: 'a secret that is replaced',
    python: 'several are valid at a time',
    here: SAME,
    proof: () => {
      for (const secret of ['new', 'old']) verifier(['new', 'old']).verify(signed(secret));
      expect(verifier(['new']).isValid(signed('old'))).toBe(false);
    },
  },
  {
    what: 'what is looked at first',
    python: 'the version, then the time, then the signature',
    here: SAME,
    proof: () => {
      const wrong = signed('x');
      expect(() => verifier(['s'], 999, 'v2').verify(wrong)).toThrow(
        thrown('MEMBERSHIP_WRONG_VERSION'),
      );
      expect(() => verifier(['s'], 999).verify(wrong)).toThrow(thrown('MEMBERSHIP_EXPIRED'));
      expect(() => verifier(['s']).verify(wrong)).toThrow(thrown('MEMBERSHIP_WRONG_SIGNATURE'));
    },
  },
  {
    what: 'what is wrong',
    python: 'one kind of error, with a text',
    here: 'a code for each, as for all errors',
    differs: 'a text is for people, and may change',
    proof: () =>
      expect(() => verifier(['s'], -999).verify(signed())).toThrow(
        thrown('MEMBERSHIP_FROM_FUTURE'),
      ),
  },
  {
    what: 'a claim that is incomplete or of other types',
    python: 'an error of another kind, from wherever it fails',
    here: '`MEMBERSHIP_MALFORMED`',
    differs: 'it comes from outside',
    proof: () => {
      const { token: _, ...incomplete } = signed();
      expect(() => verifier(['s']).verify(incomplete as never)).toThrow(
        thrown('MEMBERSHIP_MALFORMED'),
      );
    },
  },
  {
    what: 'an empty secret',
    python: 'taken',
    here: 'refused, when it is given',
    differs: 'everybody could sign',
    proof: () => {
      expect(() => verifier([''])).toThrow('secrets[0] must be a string that is not empty');
      expect(() => verifier([])).toThrow('at least one secret');
    },
  },
];
