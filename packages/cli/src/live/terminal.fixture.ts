import xterm from '@xterm/headless';
import { PassThrough, Writable } from 'node:stream';

import type { Host, Size } from '../host.js';
import type { Line } from './line.js';
import { LiveScreen } from './live-screen.js';

const { Terminal } = xterm;

/** A host with an emulated terminal. */
export class TestTerminal implements Host {
  readonly env: NodeJS.ProcessEnv = {};
  readonly stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    raw: false,
    setRawMode(on: boolean) {
      this.raw = on;
    },
  });
  readonly stdout: TerminalOutput;
  readonly stderr = new PassThrough();

  constructor({ columns, rows }: Size) {
    this.stdout = new TerminalOutput(columns, rows);
  }

  press(keys: string): void {
    this.stdin.write(keys);
  }

  resize({ columns, rows }: Size): void {
    this.stdout.terminal.resize(columns, rows);
    this.stdout.emit('resize');
  }

  /** The visible lines, after all output has been processed. */
  async text(): Promise<readonly string[]> {
    await this.#settled();
    const { buffer, rows } = this.stdout.terminal;
    return Array.from(
      { length: rows },
      (_, row) => buffer.active.getLine(buffer.active.baseY + row)?.translateToString(true) ?? '',
    );
  }

  /** The text at a column, over a number of columns. */
  async textAt(row: number, column: number, columns: number): Promise<string | undefined> {
    await this.#settled();
    const line = this.stdout.terminal.buffer.active.getLine(row);
    return line?.translateToString(false, column, column + columns);
  }

  /** The colour of the text at a position: an index of the palette, or undefined. */
  async colorAt(row: number, column: number): Promise<number | undefined> {
    await this.#settled();
    const cell = this.stdout.terminal.buffer.active.getLine(row)?.getCell(column);
    return cell?.isFgPalette() ? cell.getFgColor() : undefined;
  }

  /** The modes that a live view changes, and whether the terminal has scrolled or wrapped. */
  async modes(): Promise<{ screen: string; wraps: boolean; scrolled: boolean; wrapped: boolean }> {
    await this.#settled();
    const { buffer, modes, rows } = this.stdout.terminal;
    return {
      screen: buffer.active.type,
      wraps: modes.wraparoundMode,
      scrolled: buffer.active.baseY > 0,
      wrapped: Array.from({ length: rows }, (_, row) => row).some(
        (row) => buffer.active.getLine(row)?.isWrapped,
      ),
    };
  }

  #settled(): Promise<void> {
    return new Promise((resolve) => this.stdout.write('', () => resolve()));
  }
}

/** A terminal of this size that shows the lines. */
export async function drawn(lines: readonly Line[], size: Size): Promise<TestTerminal> {
  const terminal = new TestTerminal(size);
  const screen = new LiveScreen(terminal);
  screen.enter();
  screen.draw(lines);
  await terminal.text();
  // The listener must not stay in the process of the test.
  process.off('exit', screen.leave);
  return terminal;
}

class TerminalOutput extends Writable {
  readonly isTTY = true;
  readonly terminal: InstanceType<typeof Terminal>;
  /** All output so far. */
  written = '';

  constructor(cols: number, rows: number) {
    super({ decodeStrings: false });
    this.terminal = new Terminal({ cols, rows, allowProposedApi: true });
  }

  get columns(): number {
    return this.terminal.cols;
  }

  get rows(): number {
    return this.terminal.rows;
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written += chunk.toString();
    this.terminal.write(chunk, done);
  }
}
