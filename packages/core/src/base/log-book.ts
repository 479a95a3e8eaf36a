import type { Logger } from './logger.js';

/** A logger for tests: it keeps its lines, and tests can wait for one. */
export class LogBook implements Logger {
  /** All lines, oldest first. */
  readonly lines: { readonly level: string; readonly fields: object; readonly message: string }[] =
    [];
  #waiting: (() => void)[] = [];

  debug = (fields: object, message: string) => this.#write('debug', fields, message);
  info = (fields: object, message: string) => this.#write('info', fields, message);
  warn = (fields: object, message: string) => this.#write('warn', fields, message);
  error = (fields: object, message: string) => this.#write('error', fields, message);
  child = () => this;

  /** True when the message of a line contains `text`. */
  has(text: string): boolean {
    return this.lines.some(({ message }) => message.includes(text));
  }

  /** The messages of one level that match `pattern`. */
  matching(level: string, pattern: RegExp): string[] {
    return this.lines
      .filter((line) => line.level === level && pattern.test(line.message))
      .map(({ message }) => message);
  }

  /** Runs `work` in the tick in which a line containing `text` is written, or at once when there is one. */
  when<T>(text: string, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve) => {
      const check = () => (this.has(text) ? resolve(work()) : void this.#waiting.push(check));
      check();
    });
  }

  /** Resolves as soon as there is a line whose message contains `text`. */
  async until(text: string): Promise<void> {
    while (!this.has(text)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #write(level: string, fields: object, message: string): void {
    this.lines.push({ level, fields, message });
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
