import { createInterface } from 'node:readline/promises'

/** Whether there is a person who can be asked. */
export const hasTerminal = (): boolean => process.stdin.isTTY && process.stderr.isTTY

/** Asks a person; anything but a yes is a no. When `signal` aborts the answer is no. */
export async function saysYes(question: string, signal?: AbortSignal): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  // In a readline Ctrl-C is the terminal's, not the process's.
  lines.once('SIGINT', () => {
    process.kill(process.pid, 'SIGINT')
  })
  try {
    const answer = await lines.question(`${question} [y/N] `, signal === undefined ? {} : { signal })
    return /^\s*y(es)?\s*$/i.test(answer)
  } catch (error) {
    if (signal?.aborted === true) return false
    throw error
  } finally {
    lines.close()
  }
}
