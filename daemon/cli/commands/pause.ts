import type { Command } from 'commander'
import { command, connected, guarded, show, wholeNumber } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { tilthLine } from '../context.ts'

const longest = 366 * 1440

export function pauseCommand(): Command {
  return connected(
    command({
      name: 'pause',
      summary: 'take on no new work: no bids, no offers; what is under way is finished (worker)',
      examples: ['tilth pause', 'tilth pause --trainings --minutes 120 --as worker-1']
    })
  )
    .option('--minutes <n>', 'resume by itself after so long')
    .option('--trainings', 'trainings under way wait, too, and go on from their checkpoint; deadlines do not wait')
    .action(
      guarded(async (flags: CallFlags & { minutes?: string; trainings?: boolean }) => {
        const minutes =
          flags.minutes === undefined ? undefined : wholeNumber(flags.minutes, '--minutes', { least: 1, most: longest })
        await show(
          flags,
          api =>
            api.call('pause', {
              body: { trainings: flags.trainings === true, ...(minutes === undefined ? {} : { minutes }) }
            }),
          ({ away }) =>
            away?.until === undefined || away.until === null
              ? `no new work is taken on until \`${tilthLine('resume', flags)}\``
              : `no new work is taken on until ${new Date(away.until).toLocaleString()}, or ` +
                `\`${tilthLine('resume', flags)}\``
        )
      })
    )
}

export function resumeCommand(): Command {
  return connected(
    command({
      name: 'resume',
      summary: 'take on work again (worker)',
      examples: ['tilth resume', 'tilth resume --json']
    })
  ).action(
    guarded(async (flags: CallFlags) => {
      await show(
        flags,
        api => api.call('resume'),
        ({ away }) => (away === null ? 'work is taken on again' : `not paused any more, but: ${away.why}`)
      )
    })
  )
}
