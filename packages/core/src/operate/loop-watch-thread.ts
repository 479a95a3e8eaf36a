/** Indexes into the memory that the thread shares with the event loop it watches. */
export const SLOTS = {
  /** Incremented by the event loop while it runs. */
  beat: 0,
  /** Milliseconds by which the thread itself woke up late: the process had no core during that time. */
  starvedMs: 1,
  /** 1 while a debugger is attached: an event loop that stops at a breakpoint is not blocked. */
  debugged: 2,
} as const;

/** The `workerData` of the thread. Times are in milliseconds. */
export interface LoopWatchData {
  readonly shared: SharedArrayBuffer;
  readonly everyMs: number;
  /** After how long a block the stack of the event loop is sampled. */
  readonly sampleMs: number;
  readonly stuckMs: number;
  readonly killMs: number;
  /** An expression that evaluates to the job id of the call that the current code runs for. */
  readonly call: string;
}

/** The stack that the thread sampled while the event loop stood at `beat`. */
export interface LoopSighting {
  readonly beat: number;
  readonly jobId?: string;
  readonly frames: readonly {
    readonly function: string;
    readonly file: string;
    readonly line: number;
    readonly column: number;
  }[];
}

/**
 * The source of the thread, for `new Worker(text, { eval: true })`, because bundling moves modules. It uses only
 * dynamic imports, so that it runs both as a script and as a module (`--input-type`).
 *
 * It counts time by its own ticks. Time in which the process did not run does not count, so a suspended or overloaded
 * machine is not mistaken for a blocked event loop. To sample the stack, it pauses the event loop like a debugger for
 * some milliseconds and evaluates, from the innermost frame outwards, which call the code runs for.
 */
export const loopWatchThread = `(async () => {
  const { parentPort, workerData } = await import('node:worker_threads');
  const { write } = await import('node:fs');
  const inspector = await import('node:inspector').catch(() => undefined);
  const { shared, everyMs, sampleMs, stuckMs, killMs, call } = workerData;
  const state = new Int32Array(shared);
  // A pause is slow in a process with many modules.
  const MIN_SAMPLE_INTERVAL_MS = 5000;
  const PAUSE_TIMEOUT_MS = 2000;
  const MAX_ASKED = 8;
  let last = Atomics.load(state, ${SLOTS.beat});
  let before = performance.now();
  let sampledAt = -Infinity;
  let blockedMs = 0;
  let sampled = false;
  let warned = false;
  let killing = false;
  let sighting;

  const sample = (beat) => {
    if (inspector === undefined || performance.now() - sampledAt < MIN_SAMPLE_INTERVAL_MS) return;
    sampledAt = performance.now();
    const session = new inspector.Session();
    const files = new Map();
    let over = false;
    const finish = () => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      try {
        session.post('Debugger.disable');
        session.disconnect();
      } catch {
        // The main thread has ended the session itself.
      }
    };
    // Native code cannot be paused.
    const timer = setTimeout(finish, PAUSE_TIMEOUT_MS);
    try {
      session.connectToMainThread();
    } catch {
      over = true;
      clearTimeout(timer);
      return;
    }
    session.on('Debugger.scriptParsed', ({ params }) => files.set(params.scriptId, params.url));
    session.once('Debugger.paused', ({ params: { callFrames } }) => {
      // The pause came too late: the session is closed, which also resumes the event loop.
      if (over) return;
      const frames = callFrames.slice(0, 16).map(({ functionName, location, url }) => ({
        function: functionName,
        file: url || files.get(location.scriptId) || '',
        line: location.lineNumber + 1,
        column: location.columnNumber ?? 0,
      }));
      const report = (jobId) => {
        if (over) return;
        session.post('Debugger.resume');
        finish();
        // The event loop continued before the pause: this stack belongs to other code.
        if (Atomics.load(state, ${SLOTS.beat}) !== beat) return;
        sighting = { beat, frames, ...(typeof jobId === 'string' ? { jobId } : {}) };
        parentPort.postMessage(sighting);
      };
      // Code of another vm context does not see the global of the call; a frame further out may.
      const ask = (at) => session.post(
        'Debugger.evaluateOnCallFrame',
        { callFrameId: callFrames[at].callFrameId, expression: call, returnByValue: true, silent: true },
        (error, answer) => {
          const jobId = error ? undefined : answer?.result?.value;
          if (over || typeof jobId === 'string' || at + 1 >= Math.min(callFrames.length, MAX_ASKED)) report(jobId);
          else ask(at + 1);
        },
      );
      ask(0);
    });
    try {
      session.post('Debugger.enable');
      session.post('Debugger.pause');
    } catch {
      finish();
    }
  };

  // The event loop cannot log now, and the reader of the log may be blocked too: do not wait for the write.
  const log = (level, msg) => {
    const { jobId, frames = [] } = sighting ?? {};
    const line = { level, time: Date.now(), pid: process.pid, jobId, stack: frames, msg };
    write(2, JSON.stringify(line) + '\\n', () => {});
  };

  const tick = () => {
    const now = performance.now();
    const late = Math.round(now - before - everyMs);
    before = now;
    if (late > 0) Atomics.add(state, ${SLOTS.starvedMs}, late);
    const beat = Atomics.load(state, ${SLOTS.beat});
    if (beat !== last || Atomics.load(state, ${SLOTS.debugged}) === 1) {
      last = beat;
      blockedMs = 0;
      sampled = warned = false;
      sighting = undefined;
      return;
    }
    blockedMs += everyMs;
    if (!sampled && blockedMs >= sampleMs) {
      sampled = true;
      sample(beat);
    }
    if (!warned && blockedMs >= stuckMs) {
      warned = true;
      log(50, 'the event loop has been blocked for ' + Math.round(blockedMs) + ' ms, and still is');
    }
    if (!killing && blockedMs >= killMs) {
      killing = true;
      log(60, 'the event loop has been blocked for ' + Math.round(blockedMs) + ' ms: killing this process');
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100);
    }
  };
  setInterval(tick, everyMs);
})()`;
