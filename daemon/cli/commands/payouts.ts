import { Option } from 'commander'
import type { Command } from 'commander'
import type { ApiClient, EarningsView, PaymentView } from '../../api/contract/index.ts'
import { command, connected, guarded, listing, show, showList } from '../command.ts'
import type { CallFlags, ListFlags } from '../command.ts'
import { connect } from '../context.ts'
import { dim, printJson, short, table, tokens } from '../output.ts'
import { findAccount } from '../find-account.ts'
import { findDatanet } from './find-datanet.ts'
import { whyPage, whyText } from './why.ts'

/** What a kind of income is, for whoever has never had any. */
const paidFor: Record<EarningsView['income'][number]['kind'], string> = {
  training: 'escrows of jobs that this account trained',
  serving: "the worker's part of the fees of its answers",
  building: "the builder's part of the fees of its models",
  upstream: 'what models grown from its own pass up',
  data: 'claimed from data: what its rows added to answers',
  settling: 'a tenth of the bond of each false epoch that it showed',
  validating: 'a tenth of the stake of each validator that it caught voting twice',
  scoring: 'two hundredths of what each answer brought that it weighed'
}

/** Until when an account's part of data fees waits. */
function keptText(kept: EarningsView['pools'][number]['kept']): string {
  const waits = kept.filter(({ amount }) => BigInt(amount) > 0n)
  const last = waits.reduce((most, { until }) => Math.max(most, until), 0)
  if (last === 0) return ''
  const known = waits.some(({ evidence }) => evidence !== null)
  return `until epoch ${last} at most${known ? '; a later version says more of it already' : ''}`
}

function poolsTable(pools: EarningsView['pools']): string {
  const isKept = pools.some(({ keptBack }) => BigInt(keptBack) > 0n)
  return table(
    ['datanet', 'earned', 'claimed', 'claimable', ...(isKept ? ['kept back', ''] : [])],
    pools.map(pool => [
      short(pool.pool),
      tokens(pool.cumulative),
      tokens(pool.claimed),
      tokens(pool.claimable),
      ...(isKept ? [tokens(pool.keptBack), dim(keptText(pool.kept))] : [])
    ]),
    isKept ? [1, 2, 3, 4] : [1, 2, 3]
  )
}

function earningsText({ account, payout, balance, income, waiting, pools }: EarningsView): string {
  const sum = income.reduce((total, { amount }) => total + BigInt(amount), 0n)
  const open = BigInt(waiting.vouchers) + BigInt(waiting.data)
  return [
    `account  ${account}, paid to ${payout}`,
    `balance  ${tokens(balance)}`,
    `earned   ${tokens(sum)}`,
    '',
    table(
      ['for', 'earned', 'payments', ''],
      income.map(({ kind, amount, times }) => [kind, tokens(amount), String(times), dim(paidFor[kind])]),
      [1, 2]
    ),
    '',
    `waits    ${tokens(waiting.vouchers)} in vouchers, ${tokens(waiting.data)} from data` +
      `${open > 0n ? ', both by `tilth claim`' : ''}; ${tokens(waiting.escrow)} in escrow`,
    ...(pools.length === 0 ? [] : ['', poolsTable(pools)])
  ].join('\n')
}

const paymentsText = (payments: readonly PaymentView[]): string =>
  payments.length === 0
    ? 'no payments yet'
    : table(
        ['block', 'for', 'amount', 'of', 'transaction'],
        payments.map(({ block, kind, amount, of, transaction }) => [
          block,
          kind,
          tokens(amount),
          of === null ? '' : short(of),
          transaction
        ]),
        [0, 2]
      )

export function earningsCommand(): Command {
  return listing(
    connected(
      command({
        name: 'earnings',
        summary: 'what an account has earned by each kind of work, and what waits for it',
        examples: [
          'tilth earnings',
          'tilth earnings 0xabc… --json',
          'tilth earnings --payments --as worker-1',
          'tilth earnings 0xabc… --why'
        ]
      })
    )
  )
    .argument('[account]', "an address; the daemon's own unless given")
    .addOption(new Option('--payments', 'each payment, the newest first').conflicts('why'))
    .option('--why', 'why each epoch gave what it gave, down to answers and rows; what waits, and for what')
    .action(
      guarded(async (account: string | undefined, flags: ListFlags & { payments?: boolean; why?: boolean }) => {
        const who = async (api: ApiClient): Promise<string> =>
          account === undefined ? (await api.call('status')).address : findAccount(api, account)
        if (flags.why === true) await showList(flags, async (api, page) => whyPage(api, await who(api), page), whyText)
        else if (flags.payments === true)
          await showList(
            flags,
            async (api, page) => api.call('income', { params: { account: await who(api), ...page } }),
            paymentsText
          )
        else await show(flags, async api => api.call('earnings', { params: { account: await who(api) } }), earningsText)
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
        const who = account === undefined ? (await api.call('status')).address : await findAccount(api, account)
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
