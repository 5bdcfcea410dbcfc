/** What the commands write to the standard output. */
import { once } from "node:events";

/** Text is collected up to this many characters, since a write costs far more than a line. */
const BLOCK_CHARACTERS = 65_536;

/** Writes pieces of text as fast as the reader takes them, so that a long listing is never all in memory. */
export async function print(pieces: Iterable<string>): Promise<void> {
  let block = "";
  for (const piece of pieces) {
    block += piece;
    if (block.length < BLOCK_CHARACTERS) continue;
    await write(block);
    block = "";
  }
  await write(block);
}

async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}

/** Ends the process quietly, with `status`, when the reader of its output has gone (cmodx ... | head): that is no error. */
export function endWithReader(status: number): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      process.exit(status);
    });
  }
}
