import { z } from 'zod'
import { NotFoundError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { checkBundle, heldOutDocument, receiptId } from '../../../protocol/payouts/index.ts'
import type {
  Attribution,
  EpochBundle,
  EpochFault,
  FraudProof,
  HeldOutDocument
} from '../../../protocol/payouts/index.ts'
import { refusedWith } from '../../chain/index.ts'
import type { EpochOnChain } from '../../chain/types.ts'
import type { Bundles, History } from './bundles.ts'
import { challenge } from './challenge.ts'
import type { Challenged } from './challenge.ts'
import type { Facts } from '../facts.ts'
import type { Proposal, Proposals } from '../proposals.ts'
import type { PayoutsDeps } from '../types.ts'
import type { Scorings, Weigher } from '../scorer/index.ts'

export const verdictSchema = z.strictObject({ faults: z.array(z.string().max(80)).max(200_000) })

/** Refusals that say that there is nothing left to do. */
const over = ['NotPending', 'WindowOver', 'AlreadyVetoed'] as const

const codesOf = (faults: readonly EpochFault[]): string[] => [...new Set(faults.map(({ code }) => code))]

/** Recomputes every epoch that others propose, and shows the contract what can be shown to it. */
export interface Watcher {
  /**
   * Begins to check what is pending and not checked yet; what cannot be had is tried again at the next call, until the
   * window ends.
   */
  look(): Promise<void>
  /** Codes of what is wrong; undefined before it was checked. */
  faults(proposal: Proposal): Promise<readonly string[] | undefined>
}

export function createWatcher(
  deps: PayoutsDeps,
  parts: { proposals: Proposals; bundles: Bundles; facts: Facts; weigher: Weigher; scorings: Scorings }
): Watcher {
  const { chain, clock, store, events, log, self, roles } = deps
  const { proposals, bundles, facts, weigher, scorings } = parts
  const verdicts = store.collection('payouts/verdicts', verdictSchema)
  const documents = store.collection('payouts/held-out', heldOutDocument)
  const keyOf = ({ event }: Proposal): string => event.transaction
  const looking = new Map<string, Promise<void>>()

  /**
   * Scorers have the siblings: they measure held-out values themselves; others compare where they happen to have
   * measured them.
   */
  async function ownHeldOut(bundle: EpochBundle): Promise<Map<Hex, HeldOutDocument>> {
    const own = new Map<Hex, HeldOutDocument>()
    for (const { model } of bundle.heldOut) {
      const found = roles.scorer ? await weigher.heldOut(model) : await documents.get(model)
      if (found !== null && found !== undefined) own.set(model, found)
    }
    return own
  }

  /** What this node has found for the receipts that it has weighed itself. */
  async function ownScorings({ receipts }: EpochBundle): Promise<Map<Hex, Attribution>> {
    const own = new Map<Hex, Attribution>()
    for (const receipt of receipts) {
      const id = receiptId(deps.network, receipt)
      if (!(await scorings.has(id, self))) continue
      const found = (await scorings.of(id)).find(({ statement }) => statement.message.scorer === self)
      if (found !== undefined) own.set(id, found.attribution)
    }
    return own
  }

  async function check(
    bundle: EpochBundle,
    history: History,
    stated: EpochOnChain,
    pool: Hex,
    epoch: number
  ): Promise<EpochFault[]> {
    await proposals.caughtUp() // an answer counts as far as its channel was redeemed by now
    const { deposited } = await chain.payouts.pool(pool)
    return checkBundle(bundle, {
      ...(await facts.of(
        pool,
        bundle.receipts,
        bundle.scorings.map(({ scorer }) => scorer),
        { patient: true }
      )),
      epoch,
      stated: { ...stated, proposedAt: stated.challengeEnds - (await chain.payouts.rules()).challengeWindow },
      previous: history.previous,
      deposited,
      heldOut: await ownHeldOut(bundle),
      own: await ownScorings(bundle)
    })
  }

  async function examine(proposal: Proposal): Promise<void> {
    const { pool, epoch, proposer } = proposal.event
    const stated = await chain.payouts.epoch(pool, epoch)
    if (stated.state !== 'pending' || stated.bundle !== proposal.event.bundle) return
    let bundle: EpochBundle
    try {
      bundle = await bundles.load(stated.bundle, proposer)
    } catch (error) {
      if (!(error instanceof TilthError) || error.consequence !== 'reject') throw error
      await oppose(proposal, ['bundle.unreadable'])
      return await decide(proposal, [{ code: 'bundle.unreadable' }])
    }
    const history = await bundles.history(pool)
    const faults = await check(bundle, history, stated, pool, epoch)
    // The verdict is kept only when what follows from it is done: until then this is done again.
    const proof = faults.find(fault => fault.proof !== undefined)?.proof
    const shown = proof !== undefined && (await bonded()) && (await show({ pool, epoch, bundle, stated }, proof))
    if (!shown && faults.length > 0) await oppose(proposal, codesOf(faults))
    await decide(proposal, faults)
  }

  const bonded = async (): Promise<boolean> =>
    chain.account !== undefined && (await chain.nodes.stakeOf(self)) >= (await chain.payouts.rules()).minStake

  /** What the contract can see: the proposer's bond. @returns false where what would show it is not to be had */
  async function show(shown: Challenged, proof: FraudProof): Promise<boolean> {
    const { pool, epoch } = shown
    if (shown.stated.proposer === self) return true
    try {
      const { transaction } = (await unlessOver(() => challenge(deps, bundles, shown, proof))) ?? {}
      if (transaction !== undefined) events.emit('payouts.challenged', { pool, epoch, fault: proof.kind, transaction })
      return true
    } catch (error) {
      if (error instanceof NotFoundError) return false
      throw error
    }
  }

  /** What it cannot see, the Datanet's validators answer for: more than a third of their weight voids an epoch. */
  async function oppose({ event: { pool, epoch, proposer } }: Proposal, faults: readonly string[]): Promise<void> {
    if (proposer === self || chain.account === undefined) return
    const validators = (await chain.datanets.datanet(pool))?.validators ?? []
    if (!validators.some(({ address, weight }) => address === self && weight > 0n)) return
    const vetoed = await unlessOver(() => chain.payouts.veto(pool, epoch))
    if (vetoed !== undefined)
      events.emit('payouts.vetoed', { pool, epoch, faults, voided: vetoed.voided, transaction: vetoed.transaction })
  }

  /** Undefined when another was quicker, the window is over, or this was said before. */
  async function unlessOver<T>(act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act()
    } catch (error) {
      if (over.some(name => refusedWith(error, name))) return undefined
      throw error
    }
  }

  /** Most of the window is over and what is needed to check the epoch is still not to be had: as bad as wrong. */
  async function tooLate({ event }: Proposal): Promise<boolean> {
    const { challengeWindow } = await chain.payouts.rules()
    const { timestamp } = await chain.head()
    const now = BigInt(Math.floor(clock.now() / 1000))
    return (now > timestamp ? now : timestamp) > event.challengeEnds - challengeWindow / 4n
  }

  async function decide(proposal: Proposal, faults: readonly EpochFault[]): Promise<void> {
    const { pool, epoch, proposer } = proposal.event
    const codes = codesOf(faults)
    await verdicts.put(keyOf(proposal), { faults: codes })
    if (codes.length === 0) return
    log.warn('an epoch is not what its receipts say', { pool, epoch, proposer, faults: codes })
    events.emit('payouts.disputed', {
      pool,
      epoch,
      proposer,
      faults: codes,
      provable: faults.some(({ proof }) => proof !== undefined)
    })
  }

  async function lookAt(proposal: Proposal): Promise<void> {
    try {
      if (!(await verdicts.has(keyOf(proposal)))) await examine(proposal)
    } catch (error) {
      const { pool, epoch } = proposal.event
      try {
        if (!(error instanceof TilthError && error.code === 'files.unavailable' && (await tooLate(proposal))))
          throw error
        await oppose(proposal, ['bundle.unavailable'])
        await decide(proposal, [{ code: 'bundle.unavailable' }])
      } catch (error) {
        log.warn('an epoch could not be checked yet', { pool, epoch, error })
      }
    }
  }

  return {
    async look() {
      for (const proposal of await proposals.pending()) {
        const key = keyOf(proposal)
        // Each by itself: one whose bundle is not to be had holds up no other.
        if (looking.has(key)) continue
        looking.set(
          key,
          lookAt(proposal).finally(() => {
            looking.delete(key)
          })
        )
      }
    },
    faults: async proposal => (await verdicts.get(keyOf(proposal)))?.faults
  }
}
