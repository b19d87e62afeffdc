import { z } from 'zod'
import { TilthError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { checkBundle, gateDocument } from '../../protocol/payouts/index.ts'
import type { EpochBundle, EpochFault, FraudProof, GateDocument } from '../../protocol/payouts/index.ts'
import { refusedWith } from '../chain/index.ts'
import type { EpochOnChain } from '../chain/types.ts'
import type { Bundles, History } from './bundles.ts'
import { challenge } from './challenge.ts'
import type { Challenged } from './challenge.ts'
import type { Facts } from './facts.ts'
import type { Ledger, Proposal } from './ledger.ts'
import type { PayoutsDeps } from './types.ts'
import type { Weigher } from './weigh.ts'

const verdictSchema = z.strictObject({ faults: z.array(z.string().max(80)).max(200_000) })

/** Recomputes every epoch that others propose, and shows the contract what can be shown to it. */
export interface Watcher {
  /** Checks what is pending and not checked yet; what cannot be had is tried again at the next call, until the window ends. */
  look(): Promise<void>
  /** Codes of what is wrong; undefined before it was checked. */
  faults(proposal: Proposal): Promise<readonly string[] | undefined>
}

export function createWatcher(deps: PayoutsDeps, parts: { ledger: Ledger; bundles: Bundles; facts: Facts; weigher: Weigher }): Watcher {
  const { chain, store, events, log, self, roles } = deps
  const { ledger, bundles, facts, weigher } = parts
  const verdicts = store.collection('payouts/verdicts', verdictSchema)
  const gates = store.collection('payouts/gates', gateDocument)
  const keyOf = ({ event }: Proposal): string => event.transaction
  let looking: Promise<void> | undefined

  /** Scorers have the siblings: they measure the gate themselves; others compare where they happen to have measured it. */
  async function ownGates(bundle: EpochBundle): Promise<Map<Hex, GateDocument>> {
    const own = new Map<Hex, GateDocument>()
    for (const { model } of bundle.gates) {
      const gate = roles.scorer ? await weigher.gate(model) : await gates.get(model)
      if (gate !== null && gate !== undefined) own.set(model, gate)
    }
    return own
  }

  async function check(bundle: EpochBundle, history: History, stated: EpochOnChain, pool: Hex, epoch: number): Promise<EpochFault[]> {
    const { deposited } = await chain.payouts.pool(pool)
    return checkBundle(bundle, {
      ...await facts.of(pool, bundle.receipts), settled: history.settled, settledFees: history.settledFees,
      epoch, stated, previous: history.previous, deposited, gates: await ownGates(bundle)
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
      return await decide(proposal, [{ code: 'bundle.unreadable' }])
    }
    const history = await bundles.history(pool)
    const faults = await check(bundle, history, stated, pool, epoch)
    const proof = faults.find(fault => fault.proof !== undefined)?.proof
    // The verdict is kept only when the challenge is through: until then this is done again.
    if (proof !== undefined && proposer !== self && await bonded()) await show({ pool, epoch, bundle, stated, history }, proof)
    await decide(proposal, faults)
  }

  const bonded = async (): Promise<boolean> => chain.account !== undefined && await chain.nodes.stakeOf(self) >= (await chain.payouts.rules()).minStake

  async function show(epoch: Challenged, proof: FraudProof): Promise<void> {
    try {
      const { transaction } = await challenge(deps, epoch, proof)
      events.emit('payouts.challenged', { pool: epoch.pool, epoch: epoch.epoch, fault: proof.kind, transaction })
    } catch (error) {
      // Another watcher was quicker, or the window is over.
      if (!refusedWith(error, 'NotPending') && !refusedWith(error, 'WindowOver')) throw error
    }
  }

  async function decide(proposal: Proposal, faults: readonly EpochFault[]): Promise<void> {
    const { pool, epoch, proposer } = proposal.event
    const codes = [...new Set(faults.map(({ code }) => code))]
    await verdicts.put(keyOf(proposal), { faults: codes })
    if (codes.length === 0) return
    log.warn('an epoch is not what its receipts say', { pool, epoch, proposer, faults: codes })
    events.emit('payouts.disputed', { pool, epoch, proposer, faults: codes, provable: faults.some(({ proof }) => proof !== undefined) })
  }

  async function lookOnce(): Promise<void> {
    for (const proposal of ledger.proposals()) {
      if (proposal.state !== 'pending' || await verdicts.has(keyOf(proposal))) continue
      try { await examine(proposal) } catch (error) {
        log.warn('an epoch could not be checked, or a challenge did not go through', { pool: proposal.event.pool, epoch: proposal.event.epoch, error })
      }
    }
  }

  return {
    look: () => looking ??= lookOnce().finally(() => { looking = undefined }),
    faults: async proposal => (await verdicts.get(keyOf(proposal)))?.faults
  }
}
