import { z } from 'zod'
import { InvalidError } from '../primitives/errors.ts'
import { contributionStatements } from './commitment.ts'
import type { ContributionStatements } from './commitment.ts'
import { certificate } from './types.ts'
import type { Certificate } from './types.ts'
import { supersedes } from './version.ts'

/**
 * Where a contribution stands, as one peer sees it:
 *
 *     committed → revealed → voting → accepted | rejected
 *     committed, revealed, voting → expired
 *
 * What the chain alone shows to be beyond its author's allowance, or to lack its bond, expires at once, whatever was
 * shown of it.
 *
 * What a jury has decided, after somebody challenged it, takes the place of what any roster has, for good.
 *
 * A certificate decides from any state, for a peer that was away sees it first; and what expired here may have been
 * accepted by a quorum that this peer did not hear in time. Times are milliseconds by this peer's clock.
 */
/** A jury's word: final. `before`: what the roster had decided, where that is known here. */
const juried = z.strictObject({ before: certificate.optional() })
const expired = z.enum(['not-revealed', 'no-quorum', 'over-allowance', 'no-bond'])
/** What the chain alone says against a commitment. */
export type Barred = 'over-allowance' | 'no-bond'
export const contributionState = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('committed'), at: z.int() }),
  z.strictObject({ name: z.literal('revealed'), at: z.int(), statements: contributionStatements }),
  /**
   * `shown`: when its reveal came, and so since when its shard should be to be had; where an older version did not say
   * it, its vote's beginning stands for it.
   */
  z.strictObject({
    name: z.literal('voting'),
    since: z.int(),
    shown: z.int().optional(),
    statements: contributionStatements
  }),
  z.strictObject({
    name: z.literal('accepted'),
    certificate,
    statements: contributionStatements,
    jury: juried.optional()
  }),
  z.strictObject({
    name: z.literal('rejected'),
    certificate,
    statements: contributionStatements,
    jury: juried.optional()
  }),
  z.strictObject({ name: z.literal('expired'), reason: expired, statements: contributionStatements.optional() })
])
export type ContributionState = Readonly<z.infer<typeof contributionState>>
export type StateName = ContributionState['name']
type In<N extends StateName> = Extract<ContributionState, { name: N }>

export const isDecided = (state: ContributionState): state is In<'accepted' | 'rejected' | 'expired'> =>
  state.name === 'accepted' || state.name === 'rejected' || state.name === 'expired'

const wrong = (from: StateName, to: StateName): InvalidError =>
  new InvalidError('contribution.state', `a contribution that is ${from} cannot become ${to}`, {
    consequence: 'ignore',
    details: { from, to }
  })

/** committed → revealed */
export function reveal(state: ContributionState, statements: ContributionStatements, now: number): In<'revealed'> {
  if (state.name !== 'committed') throw wrong(state.name, 'revealed')
  return { name: 'revealed', at: now, statements }
}

/** revealed → voting: all of earlier authorship is decided, it is its turn. */
export function openVote(state: ContributionState, now: number): In<'voting'> {
  if (state.name !== 'revealed') throw wrong(state.name, 'voting')
  return { name: 'voting', since: now, shown: state.at, statements: state.statements }
}

/**
 * any → accepted | rejected, by a checked certificate.
 * @throws InvalidError `contribution.state` when one that holds already is not superseded
 */
export function decide(
  state: ContributionState,
  certificate: Certificate,
  statements: ContributionStatements
): In<'accepted' | 'rejected'> {
  const isOver =
    (state.name === 'accepted' || state.name === 'rejected') &&
    (state.jury !== undefined || !supersedes(certificate, state.certificate))
  if (isOver) throw wrong(state.name, certificate.accept ? 'accepted' : 'rejected')
  return { name: certificate.accept ? 'accepted' : 'rejected', certificate, statements }
}

/**
 * committed → expired (its reveal window is over), revealed or voting → expired (its vote window is over)
 * @param barred why it is nobody's work, where the chain says so: then no window was ever open
 */
export function expire(state: ContributionState, barred?: Barred): In<'expired'> {
  switch (state.name) {
    case 'committed':
      return { name: 'expired', reason: barred ?? 'not-revealed' }
    case 'revealed':
    case 'voting': {
      const { statements } = state
      return { name: 'expired', reason: barred ?? 'no-quorum', statements }
    }
    case 'accepted':
    case 'rejected':
    case 'expired':
      throw wrong(state.name, 'expired')
  }
}

/** any → accepted | rejected, by a jury: no certificate takes its place. */
export function judge(
  state: ContributionState,
  certificate: Certificate,
  statements: ContributionStatements
): In<'accepted' | 'rejected'> {
  const isDone = state.name === 'accepted' || state.name === 'rejected'
  const before = !isDone ? undefined : state.jury === undefined ? state.certificate : state.jury.before
  const jury = before === undefined ? {} : { before }
  return { name: certificate.accept ? 'accepted' : 'rejected', certificate, statements, jury }
}

/** Whether a jury has decided: nothing else does any more. */
export const isJuried = (state: ContributionState): boolean =>
  (state.name === 'accepted' || state.name === 'rejected') && state.jury !== undefined

/** The same before the jury's word, which the chain has taken back. */
export function unjudge(state: In<'accepted' | 'rejected'>): ContributionState {
  const { jury, statements } = state
  if (jury === undefined) return state
  return jury.before === undefined
    ? { name: 'expired', reason: 'no-quorum', statements }
    : { name: jury.before.accept ? 'accepted' : 'rejected', certificate: jury.before, statements }
}

/** What a roster has decided, whatever a jury has said since: it is what peers tell one another. */
export const rosterCertificate = ({ certificate, jury }: In<'accepted' | 'rejected'>): Certificate | undefined =>
  jury === undefined ? certificate : jury.before
