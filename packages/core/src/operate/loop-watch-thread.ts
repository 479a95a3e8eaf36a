/** Slots of the memory that the thread shares with the loop it watches. */
export const SLOTS = {
  /** Counted up by the loop as long as it turns. */
  beat: 0,
  /** Milliseconds by which the thread itself woke too late: then the process was not given a core. */
  starvedMs: 1,
  /** 1 while a debugger is attached: a loop that stands at a breakpoint is not blocked. */
  debugged: 2,
} as const;

/** What the thread is started with. */
export interface LoopWatchData {
  readonly shared: SharedArrayBuffer;
  readonly everyMs: number;
  /** When it looks what the loop is at. */
  readonly lookMs: number;
  readonly stuckMs: number;
  readonly killMs: number;
  /** An expression that gives the id of the call some code runs for. */
  readonly call: string;
}

/** What the thread has seen while the loop stood at `beat`. */
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
 * The code of the thread, as text for `new Worker(text, { eval: true })`, because bundling moves modules. Only
 * dynamic imports, so that it runs whether `--input-type` makes it a script or a module.
 *
 * It counts time by its own ticks: what the process was not running does not count, so that a machine that was
 * suspended or is overloaded is not taken for a blocked loop. To see where the loop is it pauses it as a debugger
 * does, for some milliseconds, and asks in its innermost frame which call this code runs for.
 */
export const loopWatchThread = `(async () => {
  const { parentPort, workerData } = await import('node:worker_threads');
  const { write } = await import('node:fs');
  const inspector = await import('node:inspector').catch(() => undefined);
  const { shared, everyMs, lookMs, stuckMs, killMs, call } = workerData;
  const state = new Int32Array(shared);
  // Pausing takes the loop a while where it has many modules.
  const LOOK_AT_MOST_EVERY_MS = 5000;
  const GIVE_UP_MS = 2000;
  let last = Atomics.load(state, ${SLOTS.beat});
  let before = performance.now();
  let lookedAt = -Infinity;
  let stoodMs = 0;
  let looked = false;
  let told = false;
  let ending = false;
  let sighting;

  const look = (beat) => {
    if (inspector === undefined || performance.now() - lookedAt < LOOK_AT_MOST_EVERY_MS) return;
    lookedAt = performance.now();
    const session = new inspector.Session();
    const files = new Map();
    let over = false;
    const finish = () => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      session.post('Debugger.disable');
      session.disconnect();
    };
    // In native code it never gets to where it could be paused.
    const timer = setTimeout(finish, GIVE_UP_MS);
    try {
      session.connectToMainThread();
    } catch {
      over = true;
      clearTimeout(timer);
      return;
    }
    session.on('Debugger.scriptParsed', ({ params }) => files.set(params.scriptId, params.url));
    session.once('Debugger.paused', ({ params: { callFrames } }) => {
      const frames = callFrames.slice(0, 16).map(({ functionName, location, url }) => ({
        function: functionName,
        file: url || files.get(location.scriptId) || '',
        line: location.lineNumber + 1,
        column: location.columnNumber ?? 0,
      }));
      const tell = (jobId) => {
        session.post('Debugger.resume');
        finish();
        // It went on before it could be paused: this is somebody else.
        if (Atomics.load(state, ${SLOTS.beat}) !== beat) return;
        sighting = { beat, frames, ...(typeof jobId === 'string' ? { jobId } : {}) };
        parentPort.postMessage(sighting);
      };
      session.post(
        'Debugger.evaluateOnCallFrame',
        { callFrameId: callFrames[0].callFrameId, expression: call, returnByValue: true, silent: true },
        (error, answer) => tell(error ? undefined : answer?.result?.value),
      );
    });
    session.post('Debugger.enable');
    session.post('Debugger.pause');
  };

  // The loop cannot log now, and whoever reads the log may be as blocked: nobody waits for this.
  const say = (level, msg) => {
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
      stoodMs = 0;
      looked = told = false;
      sighting = undefined;
      return;
    }
    stoodMs += everyMs;
    if (!looked && stoodMs >= lookMs) {
      looked = true;
      look(beat);
    }
    if (!told && stoodMs >= stuckMs) {
      told = true;
      say(50, 'the event loop has been blocked for ' + Math.round(stoodMs) + ' ms, and still is');
    }
    if (!ending && stoodMs >= killMs) {
      ending = true;
      say(60, 'the event loop has been blocked for ' + Math.round(stoodMs) + ' ms: killing this process');
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100);
    }
  };
  setInterval(tick, everyMs);
})()`;
