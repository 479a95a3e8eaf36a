import { emitKeypressEvents } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

import type { Line } from './line.js';
import { type LiveHost, type Size, sizeOf } from './live-host.js';
import { LiveScreen } from './live-screen.js';

/** A key that was pressed, as `node:readline` tells it. */
export interface Key {
  readonly name?: string | undefined;
  readonly ctrl?: boolean | undefined;
  readonly meta?: boolean | undefined;
  /** What it types. */
  readonly text?: string | undefined;
}

/** Something that is shown on a whole terminal. */
export interface LiveView {
  /** Looks whether there is something else to show. */
  look(): Promise<void>;
  lines(size: Size): readonly Line[];
  /** True: the view is to end. */
  pressed(key: Key): boolean;
}

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Resolves when the view was ended: by a key, a signal, or because its terminal is gone. */
export async function showLive(view: LiveView, host: LiveHost, everyMs: number): Promise<void> {
  const { stdin, stdout } = host;
  const screen = new LiveScreen(host);
  const ending = new AbortController();
  const ended = new Promise<void>((resolve) =>
    ending.signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  const end = () => ending.abort();
  const draw = () => {
    if (!ending.signal.aborted) screen.draw(view.lines(sizeOf(host)));
  };
  const redraw = () => {
    screen.clear();
    draw();
  };
  const onKey = (text: string | undefined, key: Omit<Key, 'text'>) => {
    if (key.ctrl && key.name === 'z') return suspend(screen, host, redraw);
    if ((key.ctrl && key.name === 'c') || view.pressed({ ...key, text })) return end();
    draw();
  };
  const keys = stdin.isTTY === true;
  try {
    for (const signal of ENDING) process.on(signal, end);
    stdout.on('resize', redraw).on('error', end);
    if (keys) {
      emitKeypressEvents(stdin);
      stdin.setRawMode?.(true);
      stdin.on('keypress', onKey).on('end', end).on('error', end).resume();
    }
    screen.enter();
    while (!ending.signal.aborted) {
      // A worker that does not answer must not hold up whoever wants to leave.
      await Promise.race([view.look(), ended]);
      draw();
      await Promise.race([delay(everyMs, undefined, { signal: ending.signal }).catch(end), ended]);
    }
  } finally {
    screen.leave();
    if (keys) {
      stdin.setRawMode?.(false);
      stdin.off('keypress', onKey).off('end', end).off('error', end).pause();
    }
    stdout.off('resize', redraw).off('error', end);
    for (const signal of ENDING) process.off(signal, end);
  }
}

/** What Ctrl-Z does in other programs; the shell's `fg` comes back to the view. */
function suspend(screen: LiveScreen, { stdin }: LiveHost, redraw: () => void): void {
  screen.leave();
  stdin.setRawMode?.(false);
  process.once('SIGCONT', () => {
    stdin.setRawMode?.(true);
    screen.enter();
    redraw();
  });
  // The whole job, as the terminal would: `npx` stands in front of the command.
  process.kill(0, 'SIGTSTP');
}
