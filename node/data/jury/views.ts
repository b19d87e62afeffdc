import { saidBy } from '../../../protocol/data/index.ts'
import type { TrialRecord } from '../../chain/types.ts'
import type { ChallengeView, JurorView } from './types.ts'

/** How far a trial is, by the chain's clock. @param now seconds */
export function stepOf({ jury, committed, commitEnds, revealEnds, votes, closed }: TrialRecord, now: bigint) {
  if (closed !== null) return 'closed'
  if (jury.length === 0) return 'drawing'
  if (now < commitEnds && committed.length < jury.length) return 'committing'
  return now < revealEnds && votes.length < jury.length ? 'showing' : 'closing'
}

/** @param now chain seconds */
export function challengeView(trial: TrialRecord, now: bigint): ChallengeView {
  const { contribution, datanet, challenger, reason, deposit, accepted, outcome, size, candidates, closed } = trial
  const { jury, commitEnds, revealEnds } = trial
  const state = stepOf(trial, now)
  const milliseconds = (seconds: bigint): number | null => (seconds === 0n ? null : Number(seconds) * 1000)
  return {
    contribution,
    datanet,
    challenger,
    reason,
    deposit,
    accepted,
    size,
    candidates: candidates.length,
    state,
    commitEnds: milliseconds(commitEnds),
    revealEnds: milliseconds(revealEnds),
    jurors: jury.map((juror): JurorView => {
      const vote = trial.votes.find(one => one.juror === juror)
      const isLate = state === 'closed' || state === 'closing'
      const step =
        vote !== undefined ? 'shown' : isLate ? 'absent' : trial.committed.includes(juror) ? 'committed' : 'waiting'
      const says = vote === undefined ? null : saidBy({ ...vote, contribution, validator: juror })
      return { juror, step, accept: says === 'abstain' ? null : says }
    }),
    decided: closed?.decided ?? null,
    overturned:
      closed !== null &&
      closed.decided !== 'nothing' &&
      ((closed.decided === 'accepted') !== accepted || (accepted && closed.outcome !== outcome)),
    returned: closed?.returned ?? null
  }
}
