import { checkBundle, mayBeMissing, missingFrom, receiptId, settledOf } from '../../../protocol/payouts/index.ts'
import type {
  Attribution,
  EpochBundle,
  EpochFault,
  HeldOutDocument,
  MissingFacts,
  Scored
} from '../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { EpochOnChain, ProposalRecord, RoundOnChain } from '../../chain/types.ts'
import type { Facts, KnownFacts } from '../facts.ts'
import { bundleBytes } from '../limits.ts'
import type { Proposals } from '../proposals.ts'
import type { ReceiptStore } from '../receipts/index.ts'
import { scoredBy } from '../scorer/index.ts'
import type { Scorings, Weigher } from '../scorer/index.ts'
import type { OpenRound, Rounds } from '../rounds/index.ts'
import type { Bundles } from '../settler/index.ts'
import type { PayoutsDeps } from '../types.ts'

/** A receipt is held against a proposer who leaves it out if it was known here this part of a window before. */
const knownParts = 16n
/** A word is held against one who leaves it out if it was heard here this part of its time before the end. */
const shownParts = 4n
/** Receipts that are compared with one epoch at a time. */
const heldAtOnce = 2_000

/** What stands behind a proposal, as far as it could be read, and what is wrong with it. */
export interface Examined {
  readonly bundle: EpochBundle | undefined
  readonly faults: readonly EpochFault[]
}

/** @throws whatever keeps it from an answer */
export type Examine = (
  proposal: ProposalRecord,
  stated: EpochOnChain,
  /** `voice`: this node has a vote in the pool */
  options: { voice: boolean; signal: AbortSignal }
) => Promise<Examined>

export interface ExamineParts {
  readonly proposals: Proposals
  readonly bundles: Bundles
  readonly facts: Facts
  readonly weigher: Weigher
  readonly scorings: Scorings
  readonly rounds: Pick<Rounds, 'open'>
  readonly receipts: Pick<ReceiptStore, 'readyBefore'>
}

/**
 * Recomputes all that money follows from: receipts, their channels and models, scorings, held-out values, W, shares,
 * trees, the bundle before. Throws what keeps it from an answer: whoever calls takes that for no answer, not for a yes.
 */
export function createExamining(
  deps: PayoutsDeps,
  { proposals, bundles, facts, weigher, scorings, receipts, rounds }: ExamineParts
): Examine {
  const { chain, self, roles, network } = deps

  /**
   * Scorers measure held-out values whole. Whoever has a vote and is none measures a few of the questions, drawn by
   * itself alone, so that nobody knows which may be invented. Others compare what they happen to know.
   */
  async function ownHeldOut(
    bundle: EpochBundle,
    known: ReadonlyMap<Hex, unknown>,
    voice: boolean
  ): Promise<Map<Hex, HeldOutDocument>> {
    const own = new Map<Hex, HeldOutDocument>()
    for (const stated of bundle.heldOut) {
      const { model } = stated
      // What no receipt of the epoch names is a fault by itself: nothing is fetched or measured for it.
      if ((known.get(model) ?? null) === null) continue
      const found = roles.scorer
        ? await weigher.heldOut(model)
        : voice
          ? await weigher.sampled(stated)
          : await weigher.knownHeldOut(model)
      if (found !== null && found !== undefined) own.set(model, found)
    }
    return own
  }

  /** What this node has found for the receipts that it has weighed itself. */
  async function ownScorings({ receipts }: EpochBundle): Promise<Map<Hex, Attribution>> {
    const own = new Map<Hex, Attribution>()
    for (const receipt of receipts) {
      const id = receiptId(network, receipt)
      const found = (await scorings.of(id)).find(({ statement }) => statement.message.scorer === self)
      if (found !== undefined) own.set(id, found.attribution)
    }
    return own
  }

  /**
   * Of receipts that could be counted well before the epoch was made some among which those are that it leaves out, if
   * it does. All that are known here are looked through, so that nobody hides one behind others of no use.
   */
  async function leftOut(bundle: EpochBundle, known: MissingFacts, window: bigint): Promise<CosignedReceipt[]> {
    const { pool, at } = bundle
    const [mayBe, isMissing] = [mayBeMissing(bundle, known), missingFrom(bundle, known)]
    let held: CosignedReceipt[] = []
    for await (const { receipt } of receipts.readyBefore(pool, Number(at - window / knownParts) * 1000)) {
      if (!mayBe(receipt)) continue
      held.push(receipt)
      if (held.length < heldAtOnce) continue
      if (isMissing(held)) return held
      held = []
    }
    return held
  }

  /** Words that were heard here well before the time to show them was over. */
  async function ownWords({ ids, round: { drawn } }: OpenRound): Promise<Map<Hex, Scored[]>> {
    const { revealWindow } = await chain.payouts.roundRules()
    const moment = drawn.revealEnds - revealWindow / shownParts
    const shown = new Map<Hex, Scored[]>()
    for (const id of ids) {
      const words = (await scorings.of(id)).map(scoredBy)
      const inTime = words.filter(({ scorer }) => scorings.heardBefore(id, scorer, moment))
      if (inTime.length > 0) shown.set(id, inTime)
    }
    return shown
  }

  /** What was anchored; undefined where that is no document of what stands on chain. */
  async function readable(pool: Hex, epoch: number, round: RoundOnChain): Promise<OpenRound | undefined> {
    try {
      return await rounds.open(pool, epoch, round)
    } catch (error) {
      if (!(error instanceof TilthError) || error.consequence !== 'reject') throw error
      return undefined
    }
  }

  /** What channels had claimed when the epoch before was proposed. */
  async function longClaimed(
    pool: Hex,
    epoch: number,
    known: Pick<KnownFacts, 'claimedAt'>
  ): Promise<ReadonlyMap<Hex, bigint>> {
    if (epoch <= 1) return new Map()
    const last = (await proposals.of(pool, epoch - 1)).find(({ state }) => state === 'final')
    return last === undefined ? new Map() : known.claimedAt(last.event.block)
  }

  async function faultsOf(
    bundle: EpochBundle,
    { pool, epoch }: ProposalRecord,
    stated: EpochOnChain,
    voice: boolean
  ): Promise<EpochFault[]> {
    const previous = epoch === 1 ? undefined : await bundles.final(pool, epoch - 1)
    await proposals.caughtUp() // an answer counts as far as its channel was redeemed by now
    const { deposited } = await chain.payouts.pool(pool)
    const { challengeWindow } = await chain.payouts.rules()
    const round = await chain.payouts.round(pool, epoch)
    // The contract takes payouts only for receipts that were anchored and drawn.
    if (round?.drawn === undefined) throw new TilthError('chain.behind', 'the chain has other receipts there')
    const { seed, panel, commitments } = round.drawn
    const open = await readable(pool, epoch, round)
    const known = await facts.of(pool, bundle.receipts, {
      at: bundle.at,
      before: settledOf(previous?.bundle.settled ?? []),
      patient: true,
      named: [...bundle.models.map(({ model }) => model), ...bundle.unmeasured]
    })
    const held = await leftOut(bundle, { ...known, previous }, challengeWindow)
    let own: { heldOut?: ReadonlyMap<Hex, HeldOutDocument>; unanswered?: unknown }
    try {
      own = { heldOut: await ownHeldOut(bundle, known.measures, voice) }
    } catch (unanswered) {
      own = { unanswered }
    }
    const faults = checkBundle(bundle, {
      ...known,
      epoch,
      stated: {
        ...stated,
        proposedAt: stated.challengeEnds - challengeWindow,
        anchoredAt: round.anchoredAt,
        seed,
        panel,
        commitments
      },
      ...(open === undefined ? {} : { document: open.document, shown: await ownWords(open) }),
      previous,
      deposited,
      donated: await facts.donated(pool),
      longClaimed: await longClaimed(pool, epoch, known),
      held,
      ...(own.heldOut === undefined ? {} : { heldOut: own.heldOut }),
      own: await ownScorings(bundle)
    })
    // [reject] What was anchored can be read, so that scorers could know what to weigh.
    if (open === undefined) faults.push({ code: 'bundle.document' })
    // What is wrong without them is wrong; right it is not before they were measured.
    if (faults.length === 0 && own.unanswered !== undefined) throw own.unanswered
    return faults
  }

  return async (proposal, stated, { voice, signal }) => {
    let bundle: EpochBundle
    try {
      const maxBytes = bundleBytes(stated.receiptCount)
      bundle = await bundles.load({ ...proposal, bundle: stated.bundle }, { signal, maxBytes })
    } catch (error) {
      if (!(error instanceof TilthError) || error.consequence !== 'reject') throw error
      // [reject] A bundle is one, and no larger than so many receipts make it.
      return { bundle: undefined, faults: [{ code: 'bundle.unreadable' }] }
    }
    return { bundle, faults: await faultsOf(bundle, proposal, stated, voice) }
  }
}
