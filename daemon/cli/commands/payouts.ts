import type { Command } from 'commander'
import { command, connected, guarded, listing, showList } from '../command.ts'
import type { CallFlags, ListFlags } from '../command.ts'
import { connect } from '../context.ts'
import { printJson, short, table, tokens } from '../output.ts'
import { findDatanet } from './data.ts'
import { show } from '../command.ts'

export function earningsCommand(): Command {
  return connected(
    command({
      name: 'earnings',
      summary: 'what an account has earned and may claim',
      examples: ['tilth earnings', 'tilth earnings 0xabc… --json']
    })
  )
    .argument('[account]', "an address; the daemon's own unless given")
    .action(
      guarded(async (account: string | undefined, flags: CallFlags) => {
        await show(
          flags,
          async api => api.call('earnings', { params: { account: account ?? (await api.call('status')).address } }),
          earnings =>
            [
              `account  ${earnings.account}, paid to ${earnings.payout}`,
              `balance  ${tokens(earnings.balance)}`,
              earnings.pools.length === 0
                ? 'nothing earned from data yet'
                : table(
                    ['datanet', 'earned', 'claimed', 'claimable'],
                    earnings.pools.map(pool => [
                      short(pool.pool),
                      tokens(pool.cumulative),
                      tokens(pool.claimed),
                      tokens(pool.claimable)
                    ]),
                    [1, 2, 3]
                  )
            ].join('\n')
        )
      })
    )
}

export function claimCommand(): Command {
  return connected(
    command({
      name: 'claim',
      summary: 'claim what an account has earned, to its payout address',
      examples: ['tilth claim', 'tilth claim 0xabc… --json']
    })
  )
    .argument('[account]', "an address; the daemon's own unless given")
    .action(
      guarded(async (account: string | undefined, flags: CallFlags) => {
        const api = await connect(flags)
        const who = account ?? (await api.call('status')).address
        const redeemed =
          account === undefined
            ? await api.call('redeem').catch((error: unknown) => {
                if ((error as { code?: string }).code === 'role.missing') return undefined
                throw error
              })
            : undefined
        const claimed = await api.call('claim', { params: { account: who } })
        if (flags.json === true) printJson({ account: who, ...claimed, vouchers: redeemed?.amount ?? '0' })
        else
          console.log(
            [
              ...(redeemed === undefined || redeemed.amount === '0'
                ? []
                : [`redeemed vouchers of ${redeemed.channels} channels: ${tokens(redeemed.amount)}`]),
              claimed.amount === '0' ? 'nothing to claim from data' : `claimed ${tokens(claimed.amount)} for ${who}`
            ].join('\n')
          )
      })
    )
}

export function settleCommand(): Command {
  const parent = command({
    name: 'epoch',
    summary: "settle a Datanet's epoch, and see what was settled",
    examples: ['tilth epoch settle elements --as host', 'tilth epoch list']
  })
  parent.addCommand(
    connected(
      command({
        name: 'settle',
        summary: 'propose an epoch on chain, with a bond',
        examples: ['tilth epoch settle elements --as host']
      })
    )
      .argument('[datanet]', 'id, prefix of one, or name')
      .action(
        guarded(async (wanted: string | undefined, flags: CallFlags) => {
          await show(
            flags,
            async api => api.call('settle', { body: { pool: (await findDatanet(api, wanted)).id } }),
            epoch => `epoch ${epoch.epoch} of ${epoch.receipts} receipts proposed, root ${epoch.root}`
          )
        })
      )
  )
  parent.addCommand(
    connected(
      command({
        name: 'finalize',
        summary: 'finalize a proposed epoch after its window',
        examples: ['tilth epoch finalize elements --as host']
      })
    )
      .argument('[datanet]', 'id, prefix of one, or name')
      .action(
        guarded(async (wanted: string | undefined, flags: CallFlags) => {
          await show(
            flags,
            async api => api.call('finalize', { params: { id: (await findDatanet(api, wanted)).id } }),
            epoch => `epoch ${epoch.epoch} is ${epoch.state}`
          )
        })
      )
  )
  parent.addCommand(
    listing(connected(command({ name: 'list', summary: 'epochs', examples: ['tilth epoch list --json'] }))).action(
      guarded(async (flags: ListFlags) => {
        await showList(
          flags,
          (api, params) => api.call('epochs', { params }),
          epochs =>
            epochs.length === 0
              ? 'no epochs yet'
              : table(
                  ['pool', 'epoch', 'state', 'receipts', 'fees', 'data share', 'held'],
                  epochs.map(epoch => [
                    short(epoch.pool),
                    String(epoch.epoch),
                    epoch.state,
                    String(epoch.receipts),
                    tokens(epoch.receiptsTotal),
                    tokens(epoch.dataFees),
                    tokens(epoch.held)
                  ]),
                  [1, 3, 4, 5, 6]
                )
        )
      })
    )
  )
  return parent
}
