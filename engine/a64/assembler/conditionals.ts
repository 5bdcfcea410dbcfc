/** .if ... .elseif ... .else ... .endif */
import { AssemblyError, type SourcePosition } from "./errors.js";

interface Level {
  readonly position: SourcePosition;
  /** Whether what encloses it is assembled. */
  readonly enclosing: boolean;
  /** Whether one of its branches was assembled already. */
  taken: boolean;
  active: boolean;
  elseSeen: boolean;
}

export class Conditionals {
  private readonly levels: Level[] = [];

  get depth(): number {
    return this.levels.length;
  }

  /** Whether statements are assembled here. */
  get active(): boolean {
    return this.levels.at(-1)?.active ?? true;
  }

  /** `condition` is asked only where statements are assembled. */
  open(position: SourcePosition, condition: () => boolean): void {
    const enclosing = this.active;
    const taken = enclosing && condition();
    this.levels.push({ position, enclosing, taken, active: taken, elseSeen: false });
  }

  /** .elseif, or .else without a condition. */
  alternative(position: SourcePosition, least: number, condition?: () => boolean): void {
    const level = this.level(position, least, condition === undefined ? ".else" : ".elseif");
    if (level.elseSeen)
      throw new AssemblyError(position, `${condition === undefined ? ".else" : ".elseif"} after .else`);
    level.elseSeen = condition === undefined;
    level.active = level.enclosing && !level.taken && (condition === undefined || condition());
    level.taken ||= level.active;
  }

  close(position: SourcePosition, least: number): void {
    this.level(position, least, ".endif");
    this.levels.pop();
  }

  /** At the end of the text or of an expansion: nothing may be open that was opened in it. */
  expectDepth(depth: number): void {
    const level = this.levels[depth];
    if (level !== undefined) throw new AssemblyError(level.position, "unterminated .if: the .endif is missing");
  }

  /** `.exitm`: closes what the macro opened. */
  truncate(depth: number): void {
    this.levels.length = Math.min(this.levels.length, depth);
  }

  private level(position: SourcePosition, least: number, directive: string): Level {
    const level = this.levels.at(-1);
    if (level === undefined || this.levels.length <= least)
      throw new AssemblyError(position, `${directive} without .if`);
    return level;
  }
}
