import { tokens } from '../../../cli/output.ts'
import { TilthError } from '../../../../protocol/primitives/index.ts'
import type { Address } from '../../../../protocol/primitives/index.ts'
import type { ReceiptView } from '../../../api/contract/index.ts'
import type { DataDone, LoopContext, ModelsDone, PayoutsDone } from '../context.ts'
import type { LocalNetwork } from '../../network/index.ts'
import { until } from '../poll.ts'

type Payout = PayoutsDone['payouts'][number]

/** How often an epoch that validators were against is proposed again: what one cannot fetch it tries a minute later. */
const mostOpposed = 4

/** What the chain says was paid and is held before a round: its own fees are what comes on top. */
export interface Books {
  readonly feesPaid: bigint
  readonly held: bigint
}

/** Brings in what earlier answers still owe, so that it is not counted as this round's. */
export async function openBooks({ network }: LoopContext): Promise<Books> {
  for (const { name, api } of network.daemons) if (name.startsWith('worker')) await api.call('redeem')
  const { feesPaid, dataHeld } = await network.daemon('host').api.call('accounting')
  return { feesPaid: BigInt(feesPaid), held: BigInt(dataHeld) }
}

/**
 * What scorers have found of the round's answers.
 * @param inEpoch receipts of the epoch: chance draws few of many, so where others have asked, too, some of the round's
 * stay unweighed
 * @throws TilthError `loop.scoring` where they differ, or one is left out that could not be
 */
export async function weighedReceipts(
  { call }: Pick<LocalNetwork['daemons'][number]['api'], 'call'>,
  { receipts, model }: { readonly receipts: readonly { id: string }[]; readonly model: { readonly id: string } },
  inEpoch: number
): Promise<ReceiptView[]> {
  const found = await Promise.all(receipts.map(({ id }) => call('receipt', { params: { id } })))
  const ofModel = found.filter(one => one.model === model.id)
  for (const { id, scorings, outputTokens } of ofModel) {
    if (scorings.some(({ agrees }) => !agrees))
      throw new TilthError('loop.scoring', `scorers found different weights for receipt ${id}`)
    // Answers of the base model have nothing to weigh, nor has one without a token.
    if (outputTokens > 0 && scorings.length === 0 && ofModel.length >= inEpoch)
      throw new TilthError('loop.scoring', `nobody has weighed receipt ${id}`)
  }
  return found
}

/** What was paid in a round, and what became of it. */
interface Sums {
  /** By the round's own receipts. */
  readonly feesPaid: bigint
  readonly onChain: bigint
  readonly feesPaidOut: bigint
  readonly held: bigint
}

/**
 * The round's fees are all paid out or held. What others have paid meanwhile is on chain beside them, and may be paid
 * out with them: nobody is paid what no client has.
 * @throws TilthError `loop.accounting`
 */
export function checkSums({ feesPaid, onChain, feesPaidOut, held }: Sums): void {
  const known = feesPaidOut + held
  if (onChain > feesPaid ? known <= onChain : feesPaid === onChain && feesPaid === known) return
  throw new TilthError(
    'loop.accounting',
    `the fees do not add up: ${feesPaid} on the receipts, ${onChain} on chain, ${feesPaidOut} paid out and ${held} held`
  )
}

/** attribution → settlement → claim */
export async function runPayouts(
  context: LoopContext,
  data: DataDone,
  models: ModelsDone,
  books: Books
): Promise<PayoutsDone> {
  const { network, reporter, people } = context
  const settler = network.daemon('host')
  const workers = network.daemons.filter(({ name }) => name.startsWith('worker'))
  const balance = (account: string): Promise<bigint> => network.chain.tokens.balanceOf(account as Address)

  const before = new Map<string, bigint>()
  const everyone = [
    ...people.map(({ person }) => person.address),
    ...workers.map(({ address }) => address),
    settler.address
  ]
  for (const account of everyone) before.set(account, await balance(account))

  const split = await reporter.stage(
    'settlement',
    'workers redeem their vouchers; the contract splits each',
    async say => {
      let channels = 0
      let paid = 0n
      for (const worker of workers) {
        const redeemed = await worker.api.call('redeem')
        channels += redeemed.channels
        paid += BigInt(redeemed.amount)
      }
      say(`${tokens(paid)} from ${channels} channels`)
      return {
        worker: await Promise.all(
          workers.map(async ({ name, address }) => ({ name, address, after: await balance(address) }))
        ),
        builder: await balance(settler.address)
      }
    }
  )

  const nameOf = (account: string): string =>
    network.daemons.find(({ address }) => address === account)?.name ?? account.slice(0, 10)
  const receipts = await reporter.stage(
    ['attribution', 'settlement'],
    'step one: receipts on chain, chance draws what is weighed by whom; step two: payouts, open to challenge',
    async say => {
      // What auditors have said counts from a block of a later second on, and this chain makes blocks for transactions
      // alone.
      const { epoch, receipts, weighed, scorers } = await until('receipts of admitted models', 60, () =>
        settler.api.call('settle', { body: { pool: data.datanet } }).catch(async (error: unknown) => {
          if (!(error instanceof TilthError) || error.code !== 'epoch.empty') throw error
          await network.chain.tokens.sendGas(settler.address as Address, 1n)
          return undefined
        })
      )
      const by = scorers.map(({ scorer, answers }) => `${nameOf(scorer)} ${answers}`)
      say(`epoch ${epoch}, ${receipts} receipts, ${weighed} answers drawn and weighed (${by.join(', ')})`)
      return weighedReceipts(settler.api, models, receipts)
    }
  )
  let opposed = 0
  const final = await reporter.stage('settlement', 'the challenge window passes, the epoch is final', say =>
    until('the end of the challenge window', 180, async () => {
      try {
        return await settler.api.call('finalize', { params: { id: data.datanet } })
      } catch (error) {
        if (!(error instanceof TilthError)) throw error
        if (error.code === 'epoch.window' || error.code === 'chain.reverted') return undefined
        // What a validator cannot check within the window it opposes, and a machine that has much else to do gives it
        // no time to: what it has measured by then it need not measure again.
        if (error.code !== 'epoch.unknown' || ++opposed > mostOpposed) throw error
        say('validators could not check it in time and were against it; it is proposed again')
        await settler.api.call('settle', { body: { pool: data.datanet } })
        return undefined
      }
    })
  )

  const payouts: Payout[] = []
  let weighing = 0n
  await reporter.stage('claim', 'contributors claim, with their proofs', async say => {
    // Who has weighed answers is paid out of the same pool; a worker may have claimed it by itself meanwhile.
    const worked: Pick<Payout, 'name' | 'address' | 'after'>[] = []
    for (const { name, address, after: served } of split.worker) {
      await settler.api.call('claim', { params: { account: address } })
      const after = await balance(address)
      weighing += after - served
      worked.push({ name, address, after })
    }
    const { name, address } = settler
    for (const one of [
      ...worked.map(worker => ({ ...worker, role: 'worker' as const })),
      { name, address, role: 'builder' as const, after: split.builder }
    ]) {
      const was = before.get(one.address) ?? 0n
      if (one.after > was) payouts.push({ ...one, amount: one.after - was, claimed: true, before: was })
    }
    for (const { person } of people) {
      const was = await balance(person.address)
      const earnings = await settler.api.call('earnings', { params: { account: person.address } })
      const claimable = earnings.pools.reduce((sum, pool) => sum + BigInt(pool.claimable), 0n)
      if (claimable > 0n) await settler.api.call('claim', { params: { account: person.address } })
      const after = await balance(person.address)
      if (after - was !== claimable)
        throw new TilthError('loop.claim', `${person.name} was to be paid ${claimable} and got ${after - was}`)
      payouts.push({
        address: person.address,
        role: 'contributor',
        name: person.name,
        amount: after - was,
        claimed: claimable > 0n,
        before: was,
        after,
        keptBack: earnings.pools.reduce((sum, { keptBack }) => sum + BigInt(keptBack), 0n)
      })
      const contributors = payouts.filter(({ role }) => role === 'contributor')
      const paid = tokens(contributors.reduce((sum, { amount }) => sum + amount, 0n))
      say(`${paid} claimed${weighing === 0n ? '' : `, and ${tokens(weighing)} by those who weighed answers`}`)
    }
  })

  const accounting = await settler.api.call('accounting')
  const feesPaid = models.receipts.reduce((sum, { fee }) => sum + BigInt(fee), 0n)
  const feesPaidOut = payouts.reduce((sum, { amount }) => sum + amount, 0n)
  const held = BigInt(accounting.dataHeld) - books.held
  const onChain = BigInt(accounting.feesPaid) - books.feesPaid
  checkSums({ feesPaid, onChain, feesPaidOut, held })
  const ranks = []
  for await (const one of settler.api.all('ranks', { params: { datanet: data.datanet } })) ranks.push(one)
  return {
    epoch: final,
    receipts,
    payouts,
    ranks,
    feesPaid,
    feesPaidOut,
    held,
    heldReason: held === 0n ? 'nothing is held' : accounting.heldReason
  }
}
