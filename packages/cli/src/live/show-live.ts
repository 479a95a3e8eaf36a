import { emitKeypressEvents } from 'node:readline';

import { type Host, type Size, sizeOf } from '../host.js';
import type { Line } from './line.js';
import { LiveScreen } from './live-screen.js';
import { pollEvery, untilEnded } from './until-ended.js';

/** A key press, as `node:readline` reports it. */
export interface Key {
  readonly name?: string | undefined;
  readonly ctrl?: boolean | undefined;
  readonly meta?: boolean | undefined;
  /** The text it types. */
  readonly text?: string | undefined;
}

/** A view that fills a terminal. */
export interface LiveView {
  /** Reads what there is to show. */
  refresh(): Promise<void>;
  lines(size: Size): readonly Line[];
  /** Handles a key; returns true to end the view. */
  pressed(key: Key): boolean;
}

/** Shows the view until it is ended by a key, a signal, or the loss of its terminal. Rejects when a refresh fails. */
export async function showLive(view: LiveView, host: Host, everyMs: number): Promise<void> {
  const { stdin, stdout } = host;
  const screen = new LiveScreen(host);
  const keys = stdin.isTTY === true;
  await untilEnded(host, async (ending) => {
    const { signal } = ending;
    const ended = new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    const end = () => ending.abort();
    const draw = () => {
      if (!signal.aborted) screen.draw(view.lines(sizeOf(stdout)));
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
    try {
      stdout.on('resize', redraw);
      if (keys) {
        emitKeypressEvents(stdin);
        stdin.setRawMode?.(true);
        stdin.on('keypress', onKey).on('end', end).on('error', end).resume();
      }
      screen.enter();
      await pollEvery(everyMs, signal, async () => {
        // A user who wants to leave does not wait for a worker that does not answer.
        await Promise.race([view.refresh(), ended]);
        draw();
      });
    } finally {
      screen.leave();
      if (keys) {
        stdin.setRawMode?.(false);
        stdin.off('keypress', onKey).off('end', end).off('error', end).pause();
      }
      stdout.off('resize', redraw);
    }
  });
}

/** Stops the process, as Ctrl-Z does elsewhere; the shell's `fg` continues it. */
function suspend(screen: LiveScreen, { stdin }: Pick<Host, 'stdin'>, redraw: () => void): void {
  screen.leave();
  stdin.setRawMode?.(false);
  process.once('SIGCONT', () => {
    stdin.setRawMode?.(true);
    screen.enter();
    redraw();
  });
  // The whole process group, as the terminal would: the command may run under `npx`.
  process.kill(0, 'SIGTSTP');
}
