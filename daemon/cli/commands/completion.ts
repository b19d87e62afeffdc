import { Argument } from 'commander'
import type { Command } from 'commander'
import { commandTree, completionScript, installing, shells } from '../completion/index.ts'
import type { Shell } from '../completion/index.ts'
import { command, guarded } from '../command.ts'
import { printJson } from '../output.ts'

/** @param engine the commands of the engine, which are read only where they are needed */
export function completionCommand(program: Command, engine: () => Promise<Command>): Command {
  return command({
    name: 'completion',
    summary: 'a script by which a shell completes commands, options and their values',
    examples: shells.map(shell => installing[shell])
  })
    .addArgument(new Argument('<shell>', 'which one reads it').choices([...shells]))
    .action(
      guarded(async (shell: Shell, flags: { json?: boolean }) => {
        const tree = [
          ...commandTree(program).filter(({ path }) => path[0] !== 'engine'),
          ...commandTree(await engine(), ['engine'])
        ]
        if (flags.json === true) printJson({ shell, script: completionScript(shell, tree) })
        else process.stdout.write(completionScript(shell, tree))
      })
    )
}
