import { challengeMs, isJuried, mostChallengeReason, rosterCertificate } from '../../../protocol/data/index.ts'
import type { Certificate } from '../../../protocol/data/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Ballot } from '../../chain/types.ts'
import type { ContributionRecord } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Sealed } from '../questions/sealed.ts'
import type { Shown } from '../validator/index.ts'
import type { JuryService } from './types.ts'
import { challengeView } from './views.ts'

/** The votes of a certificate as the contract takes them: in the order of the accounts. */
const ballotsOf = ({ votes }: Certificate): Ballot[] =>
  votes
    .map(({ message: { validator, accept, outcome, salt }, signature }) => ({
      validator,
      accept,
      outcome,
      salt,
      signature
    }))
    .sort((a, b) => (a.validator < b.validator ? -1 : 1))

/** Whoever holds a decision for wrong: what it costs, and the challenge itself. */
export function createChallenging(
  { chain, clock, log, self }: Pick<DataDeps, 'chain' | 'clock' | 'log' | 'self'>,
  { must }: Pick<Shown, 'must'>,
  sealed: Pick<Sealed, 'shutTo'>
): Pick<JuryService, 'challenge' | 'challengeOf'> {
  const seconds = (): bigint => chain.ledger.head()?.timestamp ?? BigInt(Math.floor(clock.now() / 1000))

  /**
   * What its roster has decided, as a certificate.
   * @throws InvalidError `challenge.not-decided`, `challenge.no-roster`
   */
  function decisionOf({ state }: ContributionRecord): Certificate {
    if (state.name !== 'accepted' && state.name !== 'rejected')
      throw new InvalidError('challenge.not-decided', `a contribution that is ${state.name} is not decided`, {
        help:
          state.name === 'expired'
            ? 'No quorum decided on it: commit it anew.'
            : 'Wait for its validators; what they decide can be challenged then.'
      })
    const certificate = rosterCertificate(state)
    if (certificate !== undefined) return certificate
    throw new InvalidError('challenge.no-roster', 'what its validators had decided is not known here', {
      help: 'Ask a node that follows the Datanet for longer.'
    })
  }

  async function stateOf(contribution: Hex) {
    const { record, net } = await must(contribution)
    const shut =
      record.state.name !== 'rejected' || isJuried(record.state) ? 0 : (await sealed.shutTo(contribution)).everybody
    const isPrivate = net.rules.private !== undefined
    const trial = await chain.ledger.trial(contribution)
    const [{ deposit }, { candidates, size }, openUntil] = await Promise.all([
      chain.juries.rules(),
      chain.juries.candidates(contribution, self),
      chain.juries.openUntil(contribution)
    ])
    // The chain's own clock decides: who follows the Datanet since yesterday has heard of all of it yesterday.
    const until = openUntil === undefined ? record.seenAt + challengeMs : Number(openUntil) * 1000
    const isLate = Math.max(clock.now(), Number(seconds()) * 1000) > until
    return { record, trial, deposit, candidates: candidates.length, size, until, isLate, shut, isPrivate }
  }

  const challenging: Pick<JuryService, 'challenge' | 'challengeOf'> = {
    async challengeOf(contribution) {
      const { record, trial, deposit, candidates, size, until, isLate, shut, isPrivate } = await stateOf(contribution)
      const challenge = trial === undefined ? null : challengeView(trial, seconds())
      const why =
        record.state.name !== 'accepted' && record.state.name !== 'rejected'
          ? 'it is not decided'
          : trial !== undefined
            ? 'it was challenged already'
            : isPrivate
              ? 'jurors have no key to the rows of a private Datanet'
              : isLate
                ? 'it is too late'
                : shut > 0
                  ? 'jurors cannot read the sealed questions that it was compared with before they are opened'
                  : candidates < size
                    ? `it takes ${size} jurors, and ${candidates === 0 ? 'nobody' : `only ${candidates}`} could sit`
                    : null
      return { challenge, deposit, until, size, candidates, why }
    },
    async challenge(contribution, reason) {
      // [reject] Whoever challenges says why, shortly.
      if (reason.trim() === '' || new TextEncoder().encode(reason).length > mostChallengeReason)
        throw new InvalidError('challenge.reason', `a challenge has a reason of up to ${mostChallengeReason} bytes`, {
          help: 'Say what is wrong with the decision; the jurors read it.'
        })
      const { record, trial, candidates, size, isLate, shut, isPrivate } = await stateOf(contribution)
      // [reject] Jurors get no keys to private rows: they would all abstain, and the deposit be burnt.
      if (isPrivate)
        throw new InvalidError('challenge.private', 'decisions of a private Datanet are not put before a jury', {
          help: 'Nothing was paid: jurors have no key to its rows. Talk to its validators and its host.'
        })
      const decision = decisionOf(record)
      // [reject] A jury decides once.
      if (trial !== undefined)
        throw new InvalidError('challenge.known', 'it was challenged already', {
          help: 'Its jury decides for good: tilth challenge CONTRIBUTION shows how it stands.'
        })
      // [reject] Decisions are open to challenge for a while.
      if (isLate)
        throw new InvalidError('challenge.late', 'the time in which it could be challenged is over', {
          help: 'It was committed more than thirty days ago.'
        })
      // [reject] Who cannot read what a row was refused for cannot say that it was refused wrongly.
      if (shut > 0)
        throw new InvalidError('challenge.sealed', 'it was compared with sealed questions that nobody has opened yet', {
          help: 'Nothing was paid. They are opened once their version is anchored: challenge it then.'
        })
      // [reject] A jury is larger than the roster; before any money moves.
      if (candidates < size)
        throw new InvalidError('challenge.no-jurors', `a jury of ${size} is wanted, and only ${candidates} could sit`, {
          help: 'Nothing was paid. Staked accounts take a seat by: tilth jury join.'
        })
      const { accept: accepted, outcome } = decision
      await chain.juries.challenge({ contribution, accepted, outcome, ballots: ballotsOf(decision) }, reason)
      await chain.ledger.caughtUp()
      log.info('a decision is challenged', { contribution, accepted })
      const made = await chain.ledger.trial(contribution)
      if (made === undefined)
        throw new InvalidError('challenge.known', 'the chain has taken the challenge back', { help: 'Try again.' })
      return challengeView(made, seconds())
    }
  }
  return challenging
}
