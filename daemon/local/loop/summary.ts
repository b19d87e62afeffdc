import { bold, dim, green, red, short, table, tokens } from '../../cli/output.ts'
import type { EpochView } from '../../api/contract/index.ts'
import { hundredths } from '../../../protocol/payouts/rank.ts'
import type { LoopDone } from './loop.ts'
import type { LocalNetwork } from '../network/index.ts'

const percent = (part: number): string => `${Math.round(part * 100)}%`

/** Whether nobody else has asked meanwhile: then what the round has paid is what was paid out or is held. */
const isAlone = ({ feesPaid, feesPaidOut, held }: LoopDone['payouts']): boolean => feesPaid === feesPaidOut + held

/** Whose it is, and what of it waits for what later versions show. */
interface Kept {
  readonly address: string
  readonly keptBack: bigint
}

/** Why a contributor got what it got, from the epoch's own numbers. */
function reasonOf(
  epoch: EpochView,
  { address, keptBack }: Kept,
  accepted: boolean,
  rejection: string | undefined
): string {
  if (!accepted) return `not accepted: ${rejection ?? ''}`
  const line = epoch.payouts.find(one => one.account === address)
  if (line === undefined) return 'no part in any answer'
  const gate = line.gate === null ? undefined : BigInt(line.gate)
  const heldOut = gate === undefined ? '?' : (Number(gate) / 1e6).toFixed(3)
  if (gate !== undefined && gate <= 0n) return `nothing: held-out value ${heldOut} is not positive`
  if (BigInt(line.value) <= 0n) return 'nothing: its answers were no better for it'
  const own = BigInt(line.share) + keptBack
  const share = Number((own * 10_000n) / (BigInt(epoch.dataFees) || 1n)) / 10_000
  return `held-out value ${heldOut}, ${percent(share)} of the data fees`
}

/** Who leads, beside the place that everybody would have by rows alone. */
function rankTable({ data, payouts: { ranks } }: LoopDone): string {
  const byRows = [...ranks].sort((a, b) => b.taken - a.taken)
  const nameOf = (account: string): string =>
    data.contributions.find(({ person }) => person.address === account)?.person.name ?? short(account)
  return table(
    ['', 'name', 'rank', 'rows', 'by rows', 'how'],
    ranks.map(({ place, account, rank, taken, formula }) => [
      String(place),
      nameOf(account),
      hundredths(BigInt(rank)),
      String(taken),
      String(byRows.findIndex(one => one.taken === taken) + 1),
      formula
    ]),
    [0, 2, 3, 4]
  )
}

/** Where the chain and the daemons' APIs are. */
export const addressList = (network: LocalNetwork): string =>
  [
    `  chain       ${network.rpc}`,
    ...network.daemons.map(
      daemon => `  ${daemon.name.padEnd(12)}${daemon.url}  ${dim(`token in ${daemon.process.folder}/api-token`)}`
    )
  ].join('\n')

/** The same for programs. */
export const networkFacts = (network: LocalNetwork) => ({
  folder: network.folder,
  resumed: network.resumed,
  rpc: network.rpc,
  daemons: network.daemons.map(({ name, address, url, process: { folder } }) => ({
    name,
    address,
    api: url,
    tokenFile: `${folder}/api-token`
  }))
})

/** The closing table: who contributed what, what it was worth, how the model got better, where the money went. */
export function summary(done: LoopDone, network: LocalNetwork, seconds: number): string {
  const { data, models, payouts } = done
  const payoutOf = (address: string) =>
    payouts.payouts.find(one => one.address === address && one.role === 'contributor')
  const paid = (address: string): bigint => payoutOf(address)?.amount ?? 0n
  const kept = (address: string): bigint => payoutOf(address)?.keptBack ?? 0n
  const right = (answers: readonly { exact: boolean }[]): string =>
    `${answers.filter(({ exact }) => exact).length} of ${answers.length}`
  const rows = data.contributions.map(({ view, person }) => [
    person.name,
    short(person.address),
    `${view.own ?? '–'}/${view.rows}`,
    view.status === 'accepted' ? green('accepted') : red(view.status),
    tokens(paid(person.address)),
    tokens(kept(person.address)),
    reasonOf(
      payouts.epoch,
      { address: person.address, keptBack: kept(person.address) },
      view.status === 'accepted',
      view.reason
    )
  ])
  const scored = (address: string): string => {
    const words = payouts.epoch.payouts.find(({ account }) => account === address)?.scoringShare ?? '0'
    return BigInt(words) > 0n ? `, and ${tokens(words)} for weighing others` : ''
  }
  const others = payouts.payouts
    .filter(({ role }) => role !== 'contributor')
    .map(one => [
      one.name,
      short(one.address),
      '',
      one.role,
      tokens(one.amount),
      '',
      one.role === 'worker'
        ? `its part of the fees of the answers it gave${scored(one.address)}`
        : 'its part of the fees of its models'
    ])
  return [
    '',
    bold('Who did what, and was paid what'),
    table(['name', 'account', 'own rows', '', 'paid', 'kept back', 'why'], [...rows, ...others], [2, 4, 5]),
    '',
    bold('Rank: what rows are good for, not how many they are'),
    rankTable(done),
    '',
    bold('Balances on chain'),
    table(
      ['name', 'before', 'after'],
      payouts.payouts.map(one => [one.name, tokens(one.before), tokens(one.after)]),
      [1, 2]
    ),
    '',
    bold('Held-out questions, exact match'),
    `  base model   ${right(models.base)}`,
    `  tuned model  ${right(models.tuned)}`,
    '',
    bold('Fees'),
    `  paid ${tokens(payouts.feesPaid)} ${isAlone(payouts) ? '=' : 'and what others paid meanwhile:'} ` +
      `paid out ${tokens(payouts.feesPaidOut)} + held ${tokens(payouts.held)} ` +
      dim(`(${payouts.heldReason})`),
    '',
    bold('Addresses'),
    addressList(network),
    '',
    dim(`${seconds.toFixed(0)} s in all`)
  ].join('\n')
}
