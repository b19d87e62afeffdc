import { z } from 'zod'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Proposals } from '../proposals.ts'
import type { PayoutsDeps } from '../types.ts'

/**
 * An epoch that this node closes by itself in a pool that it has nothing to do with, when it last posted something for
 * it, and whether the chain has shown its receipts there.
 */
export const ventureRecord = z.strictObject({
  epoch: z.int().min(1),
  at: z.int().min(0),
  anchored: z.literal(true).optional()
})

type Venture = z.infer<typeof ventureRecord>

/** Such epochs that may be undecided at a time: each may cost its bond. */
const mostVentures = 2
/** How long one that cost its bond is remembered: for so long no other is closed. */
const lossMs = 30 * 86_400_000
/** How often an epoch that this node's own validators voided is proposed by itself: once more brings half back. */
const mostVoided = 2

/**
 * A pool's roster voids whom it likes, and the bond is gone. Whoever founds a Datanet is its roster: so a settler risks
 * little by itself in pools that are nothing to it, and nothing again where it was voided.
 */
export interface Ventures {
  /** Why an epoch is not closed by itself; undefined where it may be. */
  against(pool: Hex, epoch: number): Promise<string | undefined>
  /** On disk just before something is posted that may cost a bond: what posts nothing is no venture. */
  begin(pool: Hex, epoch: number): Promise<void>
}

export function createVentures(
  {
    chain,
    clock,
    store,
    self,
    pools
  }: Pick<PayoutsDeps, 'chain' | 'clock' | 'self' | 'pools'> & Pick<PayoutsDeps, 'store'>,
  proposals: Pick<Proposals, 'of'>,
  hasVoice: (pool: Hex) => Promise<boolean>
): Ventures {
  const table = store.collection('payouts/ventures', ventureRecord)

  /** Its owner has chosen it, or it votes there itself. */
  async function isOwn(pool: Hex): Promise<boolean> {
    if (pools === undefined) return true
    const chosen = (['hosted', 'followed', 'contributed'] as const).some(as => pools(as).includes(pool))
    return chosen || hasVoice(pool)
  }

  async function becameOf(pool: Hex, { epoch, anchored }: Venture): Promise<'open' | 'anchored' | 'over' | 'lost'> {
    const own = (await proposals.of(pool, epoch)).filter(({ event }) => event.proposer === self)
    if (own.some(({ state }) => state === 'final')) return 'over'
    if (own.some(({ state }) => state === 'voided')) return 'lost'
    if ((await chain.ledger.pool(pool)).epoch >= epoch) return 'over'
    if (own.length > 0) return 'open'
    if ((await chain.payouts.round(pool, epoch))?.settler === self) return 'anchored'
    // Either nothing came of it, or no payouts followed on its receipts in time and another's stand in their place.
    return anchored === true ? 'lost' : 'over'
  }

  /** What waits, and whether one was lost lately; what is decided is forgotten. */
  async function look(): Promise<{ open: Set<string>; lost: boolean }> {
    const open = new Set<string>()
    const gone: string[] = []
    let lost = false
    const shown: [string, Venture][] = []
    for await (const [pool, venture] of table.entries()) {
      const state = venture.at + lossMs < clock.now() ? 'over' : await becameOf(pool as Hex, venture)
      if (state === 'over') gone.push(pool)
      else if (state === 'lost') lost = true
      else open.add(pool)
      if (state === 'anchored' && venture.anchored !== true) shown.push([pool, { ...venture, anchored: true }])
    }
    for (const pool of gone) await table.delete(pool)
    for (const [pool, venture] of shown) await table.put(pool, venture)
    return { open, lost }
  }

  return {
    async against(pool, epoch) {
      const own = (await proposals.of(pool, epoch)).filter(({ event }) => event.proposer === self)
      const voided = own.filter(({ state }) => state === 'voided').length
      const stranger = !(await isOwn(pool))
      if (voided >= (stranger ? 1 : mostVoided))
        return 'its validators were against what this node proposed of it: close it by hand if they were wrong'
      if (!stranger) return undefined
      const { open, lost } = await look()
      if (lost)
        return 'a bond was lost in a pool that is nothing to this node: follow its Datanet, or close the epoch by hand'
      if (open.size >= mostVentures && !open.has(pool))
        return 'epochs of other pools that are nothing to this node are not decided yet: wait, or follow its Datanet'
      return undefined
    },
    async begin(pool, epoch) {
      if (!(await isOwn(pool))) await table.put(pool, { epoch, at: clock.now() })
    }
  }
}
