import { Command } from 'commander'
import type { UpFlags } from '../../local/flags.ts'
import { guarded } from '../command.ts'

export function upCommand(): Command {
  return new Command('up')
    .description(
      'the whole loop on this machine: a chain, six daemons, data in, model out, answers paid for; ' +
        'then stays up until Ctrl-C'
    )
    .option('--once', 'end when the loop is done')
    .option('--json', 'print one JSON document at the end of standard output; progress goes to standard error')
    .option('--data <dir>', 'folder with one JSONL file per contributor, instead of the chemical elements')
    .option('--questions <file>', 'JSONL of held-out questions with their answers')
    .option('--settings <file>', 'JSON with training settings')
    .option('--folder <dir>', 'where the local network keeps its data; one that is there is taken up', '.tilth')
    .option('--again', 'on a network that is taken up: once more round the loop, under the next free name')
    .option('--fresh', 'throw away what is in the folder and begin anew; asks first')
    .option('--yes', 'do so without asking')
    .option(
      '--port-base <n>',
      'the APIs take this port and the next five, 0 takes any free ones (default 4180, or a free row of six)'
    )
    .option('--chain-port <n>', 'port of the chain, 0 takes any free one (default that of before, or a free one)')
    .option('--challenge-seconds <n>', 'how long an epoch can be challenged', '10')
    .addHelpText(
      'after',
      [
        '\nExamples:',
        'tilth up',
        'tilth up --once --json > result.json',
        'tilth up --again',
        'tilth up --data my-contributors/ --questions held-out.jsonl\n'
      ].join('\n  ')
    )
    .action(
      guarded(async (flags: UpFlags) => {
        // Only here: other commands should not wait for the chain client to load.
        const { up } = await import('../../local/up.ts')
        await up(flags)
      })
    )
}
