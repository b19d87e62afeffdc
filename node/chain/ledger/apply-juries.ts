import type { ChainEventOf } from '../events/index.ts'
import type { Apply, Draft } from './draft.ts'
import type { Tables } from './records.ts'
import { explainSlash } from './slashed.ts'
import type { TrialRecord } from './trials.ts'

const outcomes = ['nothing', 'rejected', 'accepted'] as const

/** Whether somebody of its jury has neither voted nor paid for that. */
const hasAbsent = ({ absent, jury, votes }: TrialRecord): boolean =>
  jury.some(one => !absent.includes(one) && !votes.some(({ juror }) => juror === one))

async function change(
  { contribution }: Pick<ChainEventOf<'JurorAbsent'>, 'contribution'>,
  draft: Draft,
  { trials }: Tables,
  next: (trial: TrialRecord) => TrialRecord
): Promise<string | undefined> {
  const known = await draft.get(trials, contribution)
  if (known === undefined) return `contribution ${contribution} was never challenged`
  await draft.put(trials, contribution, next(known))
  return undefined
}

/** Challenged contributions: who sits on the jury, what it says. */
export const applyJuries = {
  async Challenged(event, draft, { openTrials, trials, trialsOf }) {
    const { contribution, datanet, name: _name, logIndex: _index, transaction: _transaction, ...told } = event
    const fresh = { jury: [], commitEnds: 0n, revealEnds: 0n, committed: [], votes: [], absent: [], closed: null }
    await draft.put(trials, contribution, { contribution, datanet, ...told, ...fresh })
    await draft.put(trialsOf, `${datanet}/${contribution}`, contribution)
    await draft.put(openTrials, contribution, contribution)
  },
  JuryDrawn: (event, draft, tables) =>
    change(event, draft, tables, trial => ({
      ...trial,
      jury: [...event.jury],
      commitEnds: event.commitEnds,
      revealEnds: event.revealEnds
    })),
  JurorCommitted: (event, draft, tables) =>
    change(event, draft, tables, trial => ({
      ...trial,
      committed: [...trial.committed, event.juror],
      commitEnds: event.commitEnds,
      revealEnds: event.revealEnds
    })),
  JurorVoted: (event, draft, tables) =>
    change(event, draft, tables, trial => {
      const { juror, accept, outcome, salt, signature } = event
      return { ...trial, votes: [...trial.votes, { juror, accept, outcome, salt, signature }] }
    }),
  async JuryClosed({ decided, outcome, returned, burnt, block, contribution }, draft, tables) {
    await draft.delete(tables.openTrials, contribution)
    const missing = await change({ contribution }, draft, tables, trial => ({
      ...trial,
      closed: { decided: outcomes[decided] ?? 'nothing', outcome, returned, burnt, block }
    }))
    const trial = await draft.get(tables.trials, contribution)
    if (trial !== undefined && hasAbsent(trial)) await draft.put(tables.absentTrials, contribution, contribution)
    return missing
  },
  async ChallengeLapsed({ contribution, datanet }, draft, { openTrials, trials, trialsOf }) {
    await draft.delete(trials, contribution)
    await draft.delete(trialsOf, `${datanet}/${contribution}`)
    await draft.delete(openTrials, contribution)
  },
  async JurorAbsent(event, draft, tables) {
    const missing = await change(event, draft, tables, trial => ({ ...trial, absent: [...trial.absent, event.juror] }))
    const trial = await draft.get(tables.trials, event.contribution)
    if (trial !== undefined && !hasAbsent(trial)) await draft.delete(tables.absentTrials, event.contribution)
    if (event.taken === 0n) return missing // it had nothing at stake any more
    const { contribution, juror: node, transaction } = event
    const why = { contribution, because: 'absent-juror' } as const
    return missing ?? (await explainSlash(draft, tables, { node, transaction }, why))
  }
} as const satisfies {
  [
    N in 'Challenged' | 'JuryDrawn' | 'JurorCommitted' | 'JurorVoted' | 'JuryClosed' | 'ChallengeLapsed' | 'JurorAbsent'
  ]: Apply<N>
}
