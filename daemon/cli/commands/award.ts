import type { Command } from 'commander'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import type { JobView } from '../../api/contract/index.ts'
import { command, connected, guarded, show } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { plural, short, tokens } from '../output.ts'

/** Those who bid that were meant, each by the beginning of its account. @throws InvalidError `job.award` */
function meantOf({ bids }: Pick<JobView, 'bids'>, typed: readonly string[]): Address[] {
  const meant = typed.map(text => {
    const found = bids.filter(({ worker }) => worker.startsWith(text.toLowerCase()))
    const [only] = found
    if (only !== undefined && found.length === 1) return only.worker as Address
    throw new InvalidError(
      'job.award',
      only === undefined ? `${text.slice(0, 80)} has not bid for this job` : `${text} means several of those who bid`,
      {
        help:
          bids.length === 0
            ? 'Nobody has bid for it yet.'
            : `Those who have: ${bids.map(({ worker }) => worker).join(', ')}.`
      }
    )
  })
  return [...new Set(meant)]
}

const awardedText = ({ id, awards }: JobView): string =>
  [
    `job ${id}: ${plural(awards.length, 'award')}`,
    ...awards.map(({ worker, lot, price }) => `  ${lot.kind.padEnd(8)} ${short(worker)} for ${tokens(price)}`)
  ].join('\n')

/** A builder's choice among those who bid. */
export function awardCommand(): Command {
  return connected(
    command({
      name: 'award',
      summary:
        'choose who trains an own job that waits for it: one posted to be chosen by hand, or one on a private ' +
        'Datanet whose rules name nobody who bid; who is chosen is given its rows',
      examples: ['tilth jobs award 0x12… 0xabc… --as host']
    })
  )
    .argument('<job>', 'id or beginning of one')
    .argument('<workers...>', 'accounts that bid, or beginnings of them; several share the siblings')
    .action(
      guarded(async (wanted: string, typed: string[], flags: CallFlags) => {
        await show(
          flags,
          async api => {
            const job = await api.call('job', { params: { id: wanted } })
            return api.call('awardJob', { params: { id: job.id }, body: { workers: meantOf(job, typed) } })
          },
          awardedText
        )
      })
    )
}
