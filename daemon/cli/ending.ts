import type { Command } from 'commander'
import { printJson } from './output.ts'

/** Whoever reads no further (`tilth models | head -1`) has what was wanted: that is no failure. */
function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}

/** How every command of the program ends where it is not by itself: what was typed makes no sense, or nobody reads. */
export function endInOrder(program: Command): void {
  const json = process.argv.includes('--json')
  const each = (cmd: Command): void => {
    // A program that asked for JSON gets JSON for a mistake in the asking too.
    cmd.exitOverride(({ exitCode, message }) => {
      if (exitCode !== 0 && json)
        printJson({ error: { code: 'flag-invalid', message: message.replace(/^error: /, '').trim() } })
      process.exit(exitCode)
    })
    for (const sub of cmd.commands) each(sub)
  }
  endWithReader()
  each(program)
}
