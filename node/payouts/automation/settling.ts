import { TilthError, tokenText } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Automation, Plan } from '../../runtime/index.ts'
import type { Proposals } from '../proposals.ts'
import type { ReceiptStore } from '../receipts/index.ts'
import type { Bundles, Settler } from '../settler/index.ts'
import type { PayoutsDeps, SettlePolicy } from '../types.ts'
import type { Quiet } from './quiet.ts'
import type { Ventures } from './ventures.ts'

/** What waits in a pool, times in seconds since 1970. */
export interface Unsettled {
  /** The time of the last final epoch; undefined before the first. */
  readonly last: bigint | undefined
  /** The end of the first receipt that was ever given in the pool. */
  readonly first: bigint
  /** Fees of open receipts, counted as far as the policy's sum. */
  readonly fees: bigint
  /** From when on something that was kept back is divided whether or not anybody asks; undefined: nothing is. */
  readonly keptBy?: bigint | undefined
  /** All that is kept back. */
  readonly kept?: bigint | undefined
}

/** When an epoch is closed: so long after the one before, if what waits is worth it. */
export function settleAt(
  policy: SettlePolicy,
  { last, first, fees, keptBy, kept = 0n }: Unsettled,
  now: bigint
): 'now' | 'poor' | bigint {
  const due = keptBy !== undefined && keptBy <= now ? kept : 0n
  if (fees + due < policy.fees) return 'poor'
  const at = (last ?? first) + BigInt(policy.seconds)
  return at <= now ? 'now' : at
}

/** The settler's automation: closes the epochs of pools by a schedule. */
export function createSettling(
  deps: Pick<PayoutsDeps, 'automations' | 'chain' | 'clock' | 'nameOf' | 'policy' | 'roles' | 'self'>,
  everyMs: number,
  {
    proposals,
    receipts,
    settler,
    bundles,
    ventures,
    quiet
  }: {
    proposals: Proposals
    receipts: ReceiptStore
    settler: Pick<Settler, 'settle'>
    bundles: Pick<Bundles, 'sums'>
    ventures: Ventures
    quiet: Quiet
  }
): Automation | undefined {
  const { automations, chain, clock, nameOf, roles, self } = deps
  const policy = deps.policy?.settle
  if (!roles.settler || policy === undefined) return undefined

  async function unsettledOf(pool: Hex, most: bigint): Promise<Unsettled> {
    const { epoch, at } = await receipts.pool(pool)
    const [oldest] = epoch > 0 ? [] : (await receipts.list({ pool, order: 'oldest', limit: 1 })).items
    let fees = 0n
    for await (const { receipt } of receipts.open(pool)) {
      fees += receipt.receipt.message.fee
      if (fees >= most) break
    }
    return {
      last: epoch > 0 ? at : undefined,
      first: oldest?.receipt.receipt.message.finishedAt ?? 0n,
      fees,
      ...(epoch > 0 ? await keptIn(pool, epoch) : {})
    }
  }

  async function keptIn(pool: Hex, epoch: number): Promise<Pick<Unsettled, 'keptBy' | 'kept'>> {
    const last = (await proposals.of(pool, epoch)).find(({ state }) => state === 'final')
    const known = last && (await bundles.sums(last.event.bundle))
    return { keptBy: known?.keptBy ?? undefined, kept: known?.keptBack }
  }

  /** Pools with open receipts, and those in which nobody asks and what was kept back is due. */
  async function* pools(): AsyncGenerator<Hex> {
    const seen = new Set<Hex>()
    for await (const pool of receipts.pools()) {
      seen.add(pool)
      yield pool
    }
    const now = BigInt(Math.floor(clock.now() / 1000))
    for await (const { id, epoch } of proposals.pools()) {
      if (epoch === 0 || seen.has(id)) continue
      const { keptBy } = await keptIn(id, epoch)
      if (keptBy !== undefined && keptBy <= now) yield id
    }
  }

  /** What has to be there before an epoch can be proposed. */
  async function lacking(pool: Hex): Promise<string | undefined> {
    const { minStake } = await chain.payouts.rules()
    const [stake, locked] = await Promise.all([chain.nodes.stakeOf(self), chain.nodes.lockedOf(self)])
    if (stake < minStake)
      return (
        `settling needs a stake of ${tokenText(minStake)} tokens, this node has ${tokenText(stake)}: ` +
        '`tilth wallet stake` adds to it'
      )
    if (stake - locked < minStake)
      return (
        'the stake stands behind an epoch that is not decided yet; ' +
        `${tokenText(minStake)} tokens more let two be open`
      )
    const { deposited } = await chain.ledger.pool(pool)
    const bond = await chain.payouts.bondFor(pool, deposited)
    const balance = await chain.tokens.balanceOf(self)
    if (balance < bond)
      return `settling takes a bond of ${tokenText(bond)} tokens, this account has ${tokenText(balance)}: send it some`
    return undefined
  }

  async function* plans(): AsyncGenerator<Plan> {
    if (policy === undefined) return
    const pending = new Set((await proposals.pending()).map(({ event }) => event.pool))
    for await (const pool of pools()) {
      if (pending.has(pool)) continue // what comes of it is the automation `finalize`
      const changes = quiet.changes(pool)
      const { epoch, deposited } = await chain.ledger.pool(pool)
      // As it stands before it is looked at: what comes meanwhile is looked at again.
      const state = { epoch, deposited, changes }
      const name = (await nameOf?.(pool)) ?? pool
      const plan = { about: pool, what: `close epoch ${epoch + 1} of ${name}` }
      const now = BigInt(Math.floor(clock.now() / 1000))
      const until = quiet.until(pool, state)
      if (until !== undefined) {
        yield { due: false, ...plan, why: 'there was nothing to settle, and nothing has come since', at: until }
        continue
      }
      const waiting = await unsettledOf(pool, policy.fees)
      const at = settleAt(policy, waiting, now)
      if (at === 'poor') {
        yield { due: false, ...plan, why: `less than ${tokenText(policy.fees)} tokens of fees wait for it`, at: null }
        continue
      }
      if (at !== 'now') {
        yield { due: false, ...plan, why: 'the last one was not long ago', at: Number(at) * 1000 }
        continue
      }
      const against = await ventures.against(pool, epoch + 1)
      if (against !== undefined) {
        yield { due: false, ...plan, why: against, at: null }
        continue
      }
      const round = await chain.payouts.round(pool, epoch + 1)
      const begun = round?.settler === self && !round.spent
      if (begun && round.drawn !== undefined && now < round.drawn.revealEnds && round.drawn.panel.length > 0) {
        const at = Number(round.drawn.revealEnds) * 1000
        yield { due: false, ...plan, why: 'scorers weigh what chance has drawn', at }
        continue
      }
      const lacks = begun ? undefined : await lacking(pool)
      if (lacks !== undefined) yield { due: false, ...plan, why: lacks, at: null }
      else
        yield {
          due: true,
          ...plan,
          async run() {
            try {
              await settler.settle(pool, async (_, post) => {
                await ventures.begin(pool, epoch + 1)
                return post()
              })
            } catch (error) {
              if (error instanceof TilthError && error.code === 'epoch.empty')
                quiet.found(pool, state, waiting.keptBy === undefined ? undefined : Number(waiting.keptBy) * 1000)
              if (!(error instanceof TilthError) || error.code !== 'epoch.waits') throw error
              return `anchored the receipts of epoch ${epoch + 1} of ${name}: ${error.message}`
            }
            return `closed epoch ${epoch + 1} of ${name}: it can be challenged now`
          }
        }
    }
  }

  return automations.add({ name: 'settle', on: policy.on, everyMs, plans })
}
