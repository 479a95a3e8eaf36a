import { JobContext, voice } from '@livekit/agents';
import { Room } from '@livekit/rtc-node';
import type { AgentPool } from '@openrtc/core';
import { allProcesses } from '@openrtc/test-rig';
import type { EventEmitter } from 'node:events';
import { readdir, readlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { queryObjects } from 'node:v8';

import { memoryOf, type Reading } from '../reading.js';

const MB = 1024 * 1024;
// Each round frees what the finalizers of the previous round released.
const GC_ROUNDS = 4;
// The objects of a call: each of these that is left behind keeps the rest of its call in memory.
const CLASSES = { Room, JobContext, AgentSession: voice.AgentSession };

/** Collects garbage, then counts what the process holds. Needs Linux and `--expose-gc`. */
export async function takeReading(pool: AgentPool): Promise<Reading> {
  await collectGarbage();
  const memory = process.memoryUsage();
  const snapshot = pool.runtimeSnapshot();
  return {
    activeSessions: snapshot.activeSessions + snapshot.reservedSessions,
    sessionsStarted: snapshot.totalSessionsStarted,
    sessionFailures: snapshot.totalSessionFailures,
    ...memoryOf(process.pid),
    heapMb: memory.heapUsed / MB,
    externalMb: memory.external / MB,
    ffiListeners: ffiClient()?.listenerCount('ffi_event') ?? 0,
    processListeners: Object.fromEntries(
      process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
    ),
    resources: countsOf(process.getActiveResourcesInfo()),
    files: countsOf(await openFiles()),
    threads: (await readdir('/proc/self/task')).length,
    children: allProcesses()
      .filter(({ ppid }) => ppid === process.pid)
      .map(({ pid, state }) => ({ pid, state })),
    sessionFolders: await sessionFolders(),
    objects: Object.fromEntries(
      Object.entries(CLASSES).map(([name, type]) => [
        name,
        queryObjects(type, { format: 'count' }),
      ]),
    ),
  };
}

async function collectGarbage(): Promise<void> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('The worker was started without --expose-gc.');
  for (let round = 0; round < GC_ROUNDS; round++) {
    await gc({ type: 'major', execution: 'async' });
    await setImmediate();
  }
}

function ffiClient(): EventEmitter | undefined {
  return (globalThis as { _ffiClientInstance?: EventEmitter })._ffiClientInstance;
}

async function openFiles(): Promise<string[]> {
  const kinds: string[] = [];
  for (const fd of await readdir('/proc/self/fd')) {
    const target = await readlink(`/proc/self/fd/${fd}`).catch((error: NodeJS.ErrnoException) => {
      // The descriptor that the listing itself used.
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (target !== undefined) kinds.push(target.replace(/:?\[?\d+\]?$/, ''));
  }
  return kinds;
}

async function sessionFolders(): Promise<number> {
  const folder = join(tmpdir(), 'livekit-agents');
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => name.startsWith('job-')).length;
}

function countsOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
