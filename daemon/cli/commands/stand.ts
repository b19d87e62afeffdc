import type { Command } from 'commander'
import { command, connected, guarded, show } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { findAccount } from '../find-account.ts'
import { dim, red, table, tokens } from '../output.ts'

export function standCommand(): Command {
  return connected(
    command({
      name: 'stand',
      summary:
        "answer with stake for what is served of a Datanet's models (worker); drawn scorers may judge it, " +
        'and over two thirds of them may be wrong together',
      examples: ['tilth stand elements --as worker-1', 'tilth stand elements --down']
    })
  )
    .argument('<datanet>', 'name, id or the beginning of one')
    .option('--down', 'stand there no more; answers are judged on while stake could be on its way out')
    .action(
      guarded(async (datanet: string, flags: CallFlags & { down?: boolean }) => {
        const stands = flags.down !== true
        await show(
          flags,
          api => api.call('stand', { params: { id: datanet }, body: { stands } }),
          ({ penalty, transaction }) =>
            (stands
              ? `answers there are by the weights that are offered, or ${tokens(penalty)} tokens of stake are taken\n` +
                "that is what more than two thirds of an epoch's drawn scorers say, and nobody checks them: " +
                'who holds so many seats can take it from an honest worker'
              : 'this node does not stand for its answers there any more') + `\ntransaction ${transaction}`
        )
      })
    )
}

/** What a worker stands for, who has said what against it, and what it lost. */
export async function showStandings(flags: CallFlags, account: string): Promise<void> {
  await show(
    flags,
    async api => api.call('standings', { params: { worker: await findAccount(api, account) } }),
    ({ items }) =>
      items.length === 0
        ? 'this worker does not stand for its answers in any Datanet, and never did; nor was it found out'
        : table(
            ['datanet', 'stands since', 'until', 'words against it', 'found out', 'lost', 'passed over until'],
            items.map(({ datanet, since, until, stood, accusations, foundOut }) => [
              datanet,
              stood === false ? dim('never stood') : new Date(since).toLocaleString(),
              stood === false ? '' : until === null ? 'now' : new Date(until).toLocaleString(),
              String(accusations.length),
              foundOut === null ? dim('no') : red(`${foundOut.model} in epoch ${foundOut.epoch}`),
              foundOut === null || foundOut.taken === '0' ? dim('nothing') : red(tokens(foundOut.taken)),
              foundOut?.passedOverUntil === undefined ? '' : new Date(foundOut.passedOverUntil).toLocaleString()
            ]),
            [3, 5]
          )
  )
}
