import { NotFoundError, TilthError, anySignal } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { wrongScorers } from '../../../protocol/payouts/index.ts'
import type { EpochFault, EpochFaultCode } from '../../../protocol/payouts/index.ts'
import { createLedgerTime, refusedWith } from '../../chain/index.ts'
import type { EpochOnChain } from '../../chain/types.ts'
import { challenge } from './challenge.ts'
import type { Challenged } from './challenge.ts'
import type { Examine } from './examine.ts'
import type { Proposal, Proposals } from '../proposals.ts'
import type { Bundles } from '../settler/index.ts'
import { checkMs, lastFrom, lateFrom, nextTurns, pauseMs, stageOf } from './turns.ts'
import type { Stage, Turn } from './turns.ts'
import type { PayoutsDeps } from '../types.ts'
import { openVerdicts, placeOfProposal } from './verdicts.ts'
import { voiceOf } from './voice.ts'

/** Refusals that say that there is nothing left to do. */
const over = [
  'NotPending',
  'WindowOver',
  'AlreadyVetoed',
  'AnotherRound',
  'AlreadyBlamed',
  'NotOnThePanel',
  'CommitOver'
] as const

const codesOf = (faults: readonly EpochFault[]): EpochFaultCode[] => [...new Set(faults.map(({ code }) => code))]

/**
 * Recomputes every epoch that others propose, and shows the contract what can be shown to it. It fails closed: an epoch
 * passes when this node has checked all of it, and whatever keeps a validator from that until late in the window (a
 * bundle, a sibling or an RPC that is away, an engine that cannot load, no time) is a veto.
 */
export interface Watcher {
  /**
   * Begins to check what is pending and not checked yet; what cannot be had is tried again at the next call, until the
   * window ends.
   */
  look(): Promise<void>
  /** Codes of what is wrong; undefined before it was checked. */
  faults(proposal: Proposal): Promise<readonly string[] | undefined>
  stop(): Promise<void>
}

/** A proposal whose turn comes, or is. */
interface Waiting extends Turn {
  readonly key: string
  readonly proposal: Proposal
}

export function createWatcher(
  deps: Pick<PayoutsDeps, 'chain' | 'clock' | 'store' | 'events' | 'log' | 'self' | 'network'>,
  parts: { proposals: Pick<Proposals, 'pending'>; bundles: Pick<Bundles, 'final'>; examine: Examine }
): Watcher {
  const { chain, clock, store, events, log, self } = deps
  const { proposals, bundles, examine } = parts
  const hasVoice = voiceOf(deps)
  const verdicts = openVerdicts(store)
  const chainNow = createLedgerTime({ chain, clock })
  /** Those whose check holds a place. */
  const running = new Map<string, Waiting>()
  /** Those whose check has not ended, though it may have given up its place. */
  const underway = new Set<string>()
  const opposing = new Set<string>()
  /** Of what is pending: how often it could not be checked, why at last, and when it is tried again. */
  const failures = new Map<string, { tries: number; why: EpochFaultCode; until: number }>()
  const life = new AbortController()
  let looking: Promise<void> | undefined
  let nap = new AbortController()

  /** The proposal as it stands on chain now; undefined when another, or none, is open to challenge there. */
  async function stillPending({ event }: Proposal): Promise<EpochOnChain | undefined> {
    const stated = await chain.payouts.epoch(event.pool, event.epoch)
    const same =
      stated.state === 'pending' &&
      stated.round === event.round &&
      stated.proposer === event.proposer &&
      stated.bundle === event.bundle &&
      stated.receiptsRoot === event.receiptsRoot &&
      stated.payoutsRoot === event.payoutsRoot
    return same ? stated : undefined
  }

  async function check({ proposal, voice }: Waiting, signal: AbortSignal): Promise<void> {
    const stated = await stillPending(proposal)
    // The ledger is behind the chain, or ahead of it.
    if (stated === undefined) throw new TilthError('chain.behind', 'the chain has another proposal there')
    const { bundle, faults } = await examine(proposal.event, stated, { voice, signal })
    // The verdict is kept only when what follows from it is done: until then this is done again.
    const { pool, epoch } = proposal.event
    const proof = faults.find(fault => fault.proof !== undefined)?.proof
    const provable = proof !== undefined && bundle !== undefined && (await bonded())
    const shown = provable && (await show({ pool, epoch, bundle, stated }, proof, voice))
    if (!shown && faults.length > 0) await oppose(proposal, codesOf(faults))
    if (voice && faults.length === 0 && bundle !== undefined) await blame(pool, epoch, wrongScorers(bundle.scorings))
    await decide(proposal, faults)
  }

  const bonded = async (): Promise<boolean> =>
    chain.account !== undefined && (await chain.nodes.stakeOf(self)) >= (await chain.payouts.rules()).minStake

  /** What the contract can see. @returns false where it cannot be shown now, and a vote can */
  async function show(shown: Challenged, proof: NonNullable<EpochFault['proof']>, voice: boolean): Promise<boolean> {
    const { pool, epoch } = shown
    if (shown.stated.proposer === self) return true
    try {
      const { transaction } = (await unlessOver(() => challenge(deps, bundles, shown, proof))) ?? {}
      if (transaction !== undefined) events.emit('payouts.challenged', { pool, epoch, fault: proof.kind, transaction })
      return true
    } catch (error) {
      if (!voice && !(error instanceof NotFoundError)) throw error
      log.info('a fault of an epoch could not be shown to the contract', { pool, epoch, error })
      return false
    }
  }

  /** What it cannot see, the Datanet's validators answer for: more than a third of their weight voids an epoch. */
  async function oppose(proposal: Proposal, faults: readonly string[]): Promise<void> {
    const { pool, epoch, proposer, round } = proposal.event
    if (proposer === self || !(await hasVoice(pool))) return
    // The contract's veto is against what is pending then: this must be what was looked at.
    if ((await stillPending(proposal)) === undefined) return
    const vetoed = await unlessOver(() => chain.payouts.veto(pool, epoch, round))
    if (vetoed !== undefined)
      events.emit('payouts.vetoed', { pool, epoch, faults, voided: vetoed.voided, transaction: vetoed.transaction })
  }

  /** Who has found something else than most is said to have: with two thirds of the weight it costs stake and seat. */
  async function blame(pool: Hex, epoch: number, scorers: readonly Address[]): Promise<void> {
    if (scorers.length === 0) return
    const { number } = (await chain.payouts.round(pool, epoch)) ?? {}
    if (number === undefined) return
    for (const scorer of scorers) await unlessOver(() => chain.payouts.blame(pool, epoch, number, scorer))
  }

  /** Undefined when another was quicker, the window is over, or this was said before. */
  async function unlessOver<T>(act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act()
    } catch (error) {
      if (refusedWith(error, ...over)) return undefined
      throw error
    }
  }

  async function decide({ event }: Proposal, faults: readonly EpochFault[]): Promise<void> {
    const { pool, epoch, proposer } = event
    const codes = codesOf(faults)
    await verdicts.keep(event, codes)
    failures.delete(placeOfProposal(event))
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

  /** Most of the window is over and it could not be checked, for whatever reason: as bad as wrong. */
  async function refuse({ key, proposal }: Waiting): Promise<void> {
    if (opposing.has(key)) return
    opposing.add(key)
    const { pool, epoch } = proposal.event
    try {
      if ((await verdicts.of(proposal.event)) !== undefined) return
      const why = failures.get(key)?.why
      const faults: EpochFaultCode[] = why === undefined ? ['bundle.unchecked'] : ['bundle.unchecked', why]
      await oppose(proposal, faults)
      await decide(
        proposal,
        faults.map(code => ({ code }))
      )
    } catch (error) {
      log.warn('an epoch that could not be checked could not be opposed yet', { pool, epoch, error })
    } finally {
      opposing.delete(key)
    }
  }

  /** One turn. It gives its place to the others when its time is over, whatever holds it up. */
  async function take(turn: Waiting, window: bigint): Promise<void> {
    const { key, proposal } = turn
    const { pool, epoch } = proposal.event
    const ended = new AbortController()
    const stop = new AbortController()
    const checking = check(turn, anySignal([stop.signal, life.signal])).finally(() => {
      underway.delete(key)
    })
    underway.add(key)
    running.set(key, turn)
    const patience = clock.sleep(checkMs(window), anySignal([ended.signal, life.signal])).then(() => {
      throw new TilthError('bundle.slow', 'the check of the epoch took too long')
    })
    try {
      await Promise.race([checking, patience])
    } catch (error) {
      if (life.signal.aborted) return
      const tries = turn.tries + 1
      const why = error instanceof TilthError ? error.code : 'bundle.broken'
      failures.set(key, { tries, why, until: clock.now() + pauseMs(window, tries) })
      log.warn('an epoch could not be checked yet', { pool, epoch, error })
      if (stageOf(proposal.event, window, chainNow()) !== 'open') await refuse(turn)
    } finally {
      running.delete(key)
      ended.abort()
      stop.abort()
      checking.catch(() => undefined) // who lost the race is nobody's error
      patience.catch(() => undefined)
    }
    if (!life.signal.aborted) void lookAgain()
  }

  async function pending(): Promise<{ waiting: Waiting[]; moments: bigint[] }> {
    const { challengeWindow: window } = await chain.payouts.rules()
    const now = chainNow()
    const waiting: Waiting[] = []
    const moments: bigint[] = []
    const keys = new Set<string>()
    for (const proposal of await proposals.pending()) {
      const { event } = proposal
      const key = placeOfProposal(event)
      keys.add(key)
      const stage: Stage = stageOf(event, window, now)
      if (stage === 'over' || (await verdicts.of(event)) !== undefined) continue
      const voice = await hasVoice(event.pool)
      const turn = { key, proposal, voice, tries: failures.get(key)?.tries ?? 0, challengeEnds: event.challengeEnds }
      if (voice) for (const at of [lateFrom, lastFrom]) moments.push(at(event.challengeEnds, window))
      if (voice && stage === 'last') void refuse(turn)
      else if (!underway.has(key) && (failures.get(key)?.until ?? 0) <= clock.now()) waiting.push(turn)
    }
    for (const key of failures.keys()) if (!keys.has(key)) failures.delete(key)
    return { waiting, moments: moments.filter(at => at > now) }
  }

  async function round(): Promise<void> {
    const { challengeWindow: window } = await chain.payouts.rules()
    const { waiting, moments } = await pending()
    for (const turn of nextTurns(waiting, [...running.values()])) void take(turn, window)
    // What becomes late is looked at then, not at the next round.
    nap.abort()
    nap = new AbortController()
    const [soonest] = moments.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    if (soonest === undefined) return
    const ms = Number(soonest) * 1000 - clock.now()
    clock.sleep(Math.max(ms, 50), anySignal([nap.signal, life.signal])).then(
      () => void lookAgain(),
      () => undefined
    )
  }

  const look = (): Promise<void> =>
    (looking ??= round().finally(() => {
      looking = undefined
    }))
  const lookAgain = (): Promise<void> =>
    look().catch((error: unknown) => {
      if (!life.signal.aborted) log.warn('pending epochs could not be looked at', { error })
    })

  return {
    look,
    faults: ({ event }) => verdicts.of(event),
    async stop() {
      life.abort()
      await looking?.catch(() => undefined)
    }
  }
}
