import xterm from '@xterm/headless';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const { Terminal } = xterm;

/** How large a terminal is. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** A program on a pseudo-terminal of its own (by `script` of util-linux), and what its screen shows. */
export class TerminalScreen {
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #terminal: InstanceType<typeof Terminal>;
  #written: Promise<void> = Promise.resolve();

  constructor(command: readonly string[], { columns, rows }: ScreenSize) {
    this.#terminal = new Terminal({ cols: columns, rows, allowProposedApi: true });
    const inShell = `stty cols ${columns} rows ${rows}; exec ${command.map(quoted).join(' ')}`;
    this.#child = spawn('script', ['-qefc', inShell, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm-256color' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout?.on('data', (data: Buffer) => {
      this.#written = new Promise((resolve) => this.#terminal.write(data, resolve));
    });
    this.exited = once(this.#child, 'close').then(([code]) => code as number | null);
  }

  press(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  /** What can be read at this moment, a text for each row. */
  async text(): Promise<readonly string[]> {
    await this.#written;
    return this.#lines().map((line) => line?.translateToString(true) ?? '');
  }

  /** `alternate` while a program has a screen of its own. */
  async screen(): Promise<'normal' | 'alternate'> {
    await this.#written;
    return this.#terminal.buffer.active.type;
  }

  /** The same as a picture, for documents. */
  async svg(title: string): Promise<string> {
    await this.#written;
    const { cols, rows } = this.#terminal;
    const [width, height] = [cols * CELL.width + 2 * MARGIN, rows * CELL.height + 2 * MARGIN];
    const texts = this.#lines().flatMap((line, row) =>
      line === undefined ? [] : runsOf(line, cols).map((run) => svgText(run, row)),
    );
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13">`,
      `<title>${escaped(title)}</title>`,
      `<rect width="100%" height="100%" rx="6" fill="#1e1e1e"/>`,
      ...texts,
      '</svg>',
      '',
    ].join('\n');
  }

  async close(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill();
    await this.exited;
    this.#terminal.dispose();
  }

  #lines() {
    const { active } = this.#terminal.buffer;
    return Array.from({ length: this.#terminal.rows }, (_, row) =>
      active.getLine(active.baseY + row),
    );
  }
}

type Line = NonNullable<ReturnType<InstanceType<typeof Terminal>['buffer']['active']['getLine']>>;

/** Characters that stand side by side and look alike. */
interface Run {
  readonly at: number;
  readonly look: string;
  text: string;
}

const CELL = { width: 8, height: 18 };
const MARGIN = 12;
const ASCENT = 13;
const PLAIN = '#d4d4d4';
// The first eight of the palette, as usual on a dark ground.
const PALETTE = [
  '#808080',
  '#f14c4c',
  '#23d18b',
  '#e5c07b',
  '#3b8eea',
  '#d670d6',
  '#29b8db',
  PLAIN,
];

function runsOf(line: Line, columns: number): readonly Run[] {
  const runs: Run[] = [];
  for (let at = 0; at < columns; at += 1) {
    const cell = line.getCell(at);
    const characters = cell?.getChars() ?? '';
    if (cell === undefined || characters.trim() === '') continue;
    const color = cell.isFgPalette() ? (PALETTE[cell.getFgColor() % 8] ?? PLAIN) : PLAIN;
    const look = [
      `fill="${color}"`,
      ...(cell.isBold() ? ['font-weight="bold"'] : []),
      ...(cell.isDim() ? ['opacity="0.6"'] : []),
    ].join(' ');
    const last = runs.at(-1);
    if (last?.look === look && last.at + last.text.length === at) last.text += characters;
    else runs.push({ at, look, text: characters });
  }
  return runs;
}

// Each run has its column and its length, so that no font moves what stands behind it.
function svgText({ at, look, text }: Run, row: number): string {
  const x = MARGIN + at * CELL.width;
  const y = MARGIN + row * CELL.height + ASCENT;
  const length = text.length * CELL.width;
  return `<text x="${x}" y="${y}" textLength="${length}" ${look}>${escaped(text)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
