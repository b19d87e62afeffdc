import { setTimeout as sleep } from 'node:timers/promises'
import { Argument, Command } from 'commander'
import { isLoopback } from '../../config/index.ts'
import { connected } from '../command.ts'
import { connect } from '../context.ts'
import type { ConnectFlags } from '../context.ts'

// Names that only a running daemon knows, for a shell that completes one.

/** What words are names of. */
const knownKinds = ['model', 'datanet'] as const
export type KnownKind = (typeof knownKinds)[number]

/** What nobody sees is asked by this, with the words that stand before the cursor. */
export const knownCommandName = '_names'

/** Milliseconds for which somebody who has pressed a key is kept waiting; and names that a list is still read with. */
const waitMs = 1_500
const mostNames = 1_000

/**
 * [ignore] Names come from strangers and go into a line that a shell will run: one that holds more than letters, digits
 * and what means nothing to any shell is typed by hand.
 */
const isPlain = (name: string): boolean => /^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._-]{0,79}$/u.test(name)

async function gather(kind: KnownKind, flags: ConnectFlags, found: Set<string>): Promise<void> {
  // [ignore] A line that is half typed sends the token to no other machine.
  if (flags.api !== undefined && !(URL.canParse(flags.api) && isLoopback(new URL(flags.api).hostname))) return
  const api = await connect(flags)
  for await (const { name } of kind === 'model' ? api.all('models') : api.all('datanets')) {
    if (isPlain(name)) found.add(name)
    if (found.size >= mostNames) return
  }
}

export function knownCommand(): Command {
  return (
    connected(new Command(knownCommandName))
      .addArgument(new Argument('<kind>').choices([...knownKinds]))
      // The line that is being typed: whatever else is in it, it says which daemon is meant.
      .argument('[words...]')
      .allowUnknownOption()
      .helpOption(false)
      .action(async (kind: KnownKind, _words: string[], flags: ConnectFlags) => {
        const found = new Set<string>()
        // No daemon, a slow one, a half-typed line: nothing is offered then, and nothing is said into the prompt.
        await Promise.race([gather(kind, flags, found).catch(() => undefined), sleep(waitMs)])
        const text = [...found].map(name => `${name}\n`).join('')
        process.stdout.write(text, () => process.exit(0))
      })
  )
}
