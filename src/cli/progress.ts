/** How far a command is, on the standard error. */

const ERASE_LINE = "\r\u001b[K";

export interface Progress {
  /** `step` on a terminal followed by `detail`, in place of what was shown before; elsewhere `step` alone, when it changes. */
  show(step: string, detail: string): void;
  /** Takes the line off the terminal. */
  end(): void;
}

const silent: Progress = { show: () => undefined, end: () => undefined };

function onTerminal(): Progress {
  let shown = "";
  return {
    show: (step, detail) => {
      const text = `${step}${detail}`;
      if (text !== shown) process.stderr.write(`${ERASE_LINE}${text}`);
      shown = text;
    },
    end: () => void process.stderr.write(ERASE_LINE),
  };
}

function byLines(): Progress {
  let last = "";
  return {
    show: (step) => {
      if (step !== last) process.stderr.write(`${step}\n`);
      last = step;
    },
    end: () => undefined,
  };
}

/** Shown on a terminal, and where it was asked for. */
export function progress(asked: boolean): Progress {
  if (process.stderr.isTTY) return onTerminal();
  return asked ? byLines() : silent;
}
