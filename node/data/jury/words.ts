import type { JuryWord } from '../../../protocol/data/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { TrialRecord } from '../../chain/types.ts'
import type { DataDeps } from '../deps.ts'

type Ledger = DataDeps['chain']['ledger']

/** Open challenges looked at: each holds a deposit. */
const mostOpen = 1_000

/** What a jury has decided; undefined where none has, or it came to nothing and the first decision stands. */
export function wordIn({ contribution, jury, votes, closed }: TrialRecord): JuryWord | undefined {
  if (closed === null || closed.decided === 'nothing') return undefined
  const { outcome, block } = closed
  return { contribution, jury, votes, accept: closed.decided === 'accepted', outcome, block }
}

export async function wordOf(ledger: Pick<Ledger, 'trial'>, contribution: Hex): Promise<JuryWord | undefined> {
  const trial = await ledger.trial(contribution)
  return trial === undefined ? undefined : wordIn(trial)
}

/** Contributions that wait for a jury: they are in no version until it has decided. */
export async function heldBack(ledger: Pick<Ledger, 'openTrials'>): Promise<ReadonlySet<Hex>> {
  return new Set((await ledger.openTrials({ limit: mostOpen })).items.map(({ contribution }) => contribution))
}
