import type fc from 'fast-check';
import { code, type Json, toJson } from '../notation.js';

/** Records the commands of a run. */
export interface CommandLog {
  /** The commands that were executed, in order. */
  readonly executed: AnyCommand[];
}

/** A command of any suite. */
export interface AnyCommand<
  Model extends object = object,
  Subject extends CommandLog = CommandLog,
> extends fc.AsyncCommand<Model, Subject> {
  /** The command as a line of code. */
  toString(): string;
  /** The command as `[kind, ...arguments]`. */
  toJSON(): Json;
}

/**
 * A command for `fc.commands`: a kind and arguments. Its JSON and its line of code are made of these. The line can be
 * pasted below the first line of a counterexample.
 */
export abstract class Command<
  Model extends object,
  Subject extends CommandLog,
  Arguments extends readonly unknown[],
> implements AnyCommand<Model, Subject> {
  /** The name of the command in JSON. */
  abstract readonly kind: string;
  protected readonly args: Arguments;

  constructor(...args: Arguments) {
    this.args = args;
  }

  /** Whether the command can run in this state. */
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- for overrides
  check(_model: Readonly<Model>): boolean {
    return true;
  }

  /** Records the command and executes it. */
  async run(model: Model, subject: Subject): Promise<void> {
    subject.executed.push(this);
    await this.execute(model, subject);
  }

  /** Applies the command to model and subject, and compares their answers. */
  protected abstract execute(model: Model, subject: Subject): void | Promise<void>;

  abstract toString(): string;

  toJSON(): Json {
    return [this.kind, ...this.args.map(toJson)];
  }

  /** The arguments as code, from number `from` on. Leaves out those at the end that are undefined. */
  protected code(from = 0): string {
    const last = this.args.findLastIndex((value) => value !== undefined);
    return this.args
      .slice(from, last + 1)
      .map(code)
      .join(', ');
  }
}
