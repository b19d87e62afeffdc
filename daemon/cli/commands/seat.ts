import type { Command } from 'commander'
import { command, connected, guarded, listing, show, showList } from '../command.ts'
import type { ListFlags } from '../command.ts'
import { dim, table, tokens } from '../output.ts'

export function seatCommand(): Command {
  return listing(
    connected(
      command({
        name: 'seat',
        summary: 'seats of this node among scorers: where it has some; take one in a Datanet, or give it up',
        examples: ['tilth seat', 'tilth seat elements --as worker-1', 'tilth seat elements --down']
      })
    )
  )
    .argument('[datanet]', 'name, id or the beginning of one')
    .option('--down', 'give the seat up, and take none there by itself again')
    .action(
      guarded(async (datanet: string | undefined, flags: ListFlags & { down?: boolean }) => {
        if (datanet === undefined)
          return showList(
            flags,
            (api, params) => api.call('seats', { params }),
            items =>
              items.length === 0
                ? 'no seat among scorers anywhere; `tilth seat <datanet>` takes one'
                : table(
                    ['datanet', 'taken', 'paid into its pool'],
                    items.map(one => [one.datanet, one.asked ? 'as asked' : dim('by itself'), tokens(one.paid)]),
                    [2]
                  )
          )
        const sits = flags.down !== true
        return show(
          flags,
          api => api.call('sit', { params: { id: datanet }, body: { sits } }),
          ({ transaction }) =>
            [
              sits
                ? 'this node has a seat among the scorers there: who is drawn and silent loses a tenth of a stake'
                : 'this node has no seat there, and takes none by itself; what it was drawn for it answers for still',
              transaction === null ? 'it was so already' : `transaction ${transaction}`
            ].join('\n')
        )
      })
    )
}
