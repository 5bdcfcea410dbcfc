/** The statements to assemble, one after another: the text itself, and the expansions of macros and repetitions within it. */
import { AssemblyError } from "./errors.js";
import { positionIn, type Statement } from "./source.js";

/** Expansions within expansions, as deep as GNU as goes. */
const MAX_NESTING = 100;

interface Frame {
  /** The statements of one turn; undefined after the last. */
  readonly turn: (index: number) => readonly Statement[] | undefined;
  /** A macro's body, which `.exitm` leaves. */
  readonly macro: boolean;
  readonly conditionals: number;
  statements: readonly Statement[];
  turns: number;
  index: number;
}

export interface ReaderLimits {
  /** Statements that expansions may give. */
  readonly expandedStatements: number;
  /** Characters that expansions may give. */
  readonly expandedCharacters: number;
}

export class StatementReader {
  private readonly frames: Frame[] = [];
  private expandedStatements = 0;
  private expandedCharacters = 0;

  constructor(
    statements: readonly Statement[],
    private readonly limits: ReaderLimits,
  ) {
    this.frames.push({ turn: () => undefined, macro: false, conditionals: 0, statements, turns: 1, index: 0 });
  }

  /** The open conditionals when the innermost expansion began. */
  get conditionalsBefore(): number {
    return this.top().conditionals;
  }

  /** The next statement of the innermost expansion only; undefined at its end. For blocks, which may not reach beyond it. */
  nextInFrame(): Statement | undefined {
    const frame = this.top();
    const statement = frame.statements[frame.index];
    if (statement === undefined) return undefined;
    frame.index++;
    return statement;
  }

  /** The next statement. `leaving` is called for every expansion that ends first. */
  next(leaving: (conditionalsBefore: number) => void): Statement | undefined {
    for (;;) {
      const statement = this.nextInFrame();
      if (statement !== undefined) return statement;
      const frame = this.top();
      leaving(frame.conditionals);
      const again = frame.turn(frame.turns);
      if (again !== undefined) {
        this.count(again);
        frame.turns++;
        frame.statements = again;
        frame.index = 0;
      } else if (this.frames.length === 1) return undefined;
      else this.frames.pop();
    }
  }

  /** Goes on with an expansion: `turn(0)`, `turn(1)` ... until it gives none. */
  push(
    from: Statement,
    macro: boolean,
    conditionals: number,
    turn: (index: number) => readonly Statement[] | undefined,
  ): void {
    if (this.frames.length > MAX_NESTING) {
      throw new AssemblyError(positionIn(from, 0), `macros and repetitions are nested more than ${MAX_NESTING} deep`);
    }
    const first = turn(0);
    if (first === undefined) return;
    this.count(first);
    this.frames.push({ turn, macro, conditionals, statements: first, turns: 1, index: 0 });
  }

  /** `.exitm`: leaves the innermost macro. Its open conditionals' count, or undefined outside of macros. */
  exitMacro(): number | undefined {
    const index = this.frames.findLastIndex((frame) => frame.macro);
    if (index < 0) return undefined;
    const { conditionals } = this.frames[index] as Frame;
    this.frames.length = index;
    return conditionals;
  }

  private top(): Frame {
    return this.frames[this.frames.length - 1] as Frame;
  }

  private count(statements: readonly Statement[]): void {
    const { expandedStatements, expandedCharacters } = this.limits;
    this.expandedStatements += statements.length;
    for (const statement of statements) this.expandedCharacters += statement.text.length;
    const last = statements.at(-1);
    if (last === undefined) return;
    if (this.expandedStatements > expandedStatements || this.expandedCharacters > expandedCharacters) {
      throw new AssemblyError(
        positionIn(last, 0),
        `macros and repetitions give more than ${expandedStatements} statements or ${expandedCharacters} characters`,
      );
    }
  }
}
