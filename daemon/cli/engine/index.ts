import { Command } from 'commander'
import { inspectCommand } from './inspect.ts'
import { scoreCommand } from './score.ts'
import { generateCommand } from './generate.ts'
import { tuneCommand } from './tune.ts'
import { gradientsCommand } from './gradients.ts'
import { mergeCommand } from './merge.ts'
import { benchCommand } from './bench.ts'
import { importCommand } from './import.ts'
import { exportCommand } from './export.ts'

/** `tilth engine …`: models and adapters on this machine alone, with no network and no daemon. */
export function engineCommand(): Command {
  const cmd = new Command('engine')
    .description(
      'models and adapters on this machine alone: inspect, score, generate, tune, merge, GGUF in and out, bench'
    )
    .showHelpAfterError('(add --help for what it takes)')
    .addHelpText('after', '\nExample:\n  tilth engine inspect --model models/seedling\n')
  for (const sub of [
    inspectCommand(),
    scoreCommand(),
    generateCommand(),
    tuneCommand(),
    gradientsCommand(),
    mergeCommand(),
    importCommand(),
    exportCommand(),
    benchCommand()
  ])
    cmd.addCommand(sub)
  return cmd
}
