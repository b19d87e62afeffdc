import {
  isJuried,
  isUnread,
  outcomeOf,
  ownRows,
  rosterCertificate,
  saidBy,
  saltOf,
  voteMs
} from '../../../protocol/data/index.ts'
import type { VoteReason } from '../../../protocol/data/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { DecisionView } from '../decided.ts'
import type { DataService, VoteView } from '../types.ts'
import type { Shown } from '../validator/index.ts'

/** Contributions, of the newest, by which is told how many of them each validator has looked at in time. */
const turnoutOf = 100
/** … and by which is told what became of validators' votes. */
const decisionsOf = 1000

/** Who voted what, as far as it is known here. */
export function createVotes(
  { chain, self }: Pick<DataDeps, 'chain' | 'self'>,
  book: Book,
  shown: Pick<Shown, 'must'>,
  startedAt: number
): Pick<DataService, 'votes' | 'turnout' | 'decisions'> {
  /** Of the newest contributions those that a quorum has decided, each with all that is known of its votes. */
  async function* decided(datanet: Hex, newest: number) {
    const { contributions } = await book.progress(datanet)
    for await (const record of book.contributions(datanet, Math.max(1, contributions - newest + 1))) {
      if (record.state.name !== 'accepted' && record.state.name !== 'rejected') continue
      const { commits, votes } = await book.ballot(record.id)
      yield {
        record,
        accepted: record.state.name === 'accepted',
        commits,
        votes,
        judged: isJuried(record.state),
        certified: rosterCertificate(record.state)?.votes ?? []
      }
    }
  }

  /** Who was drawn for a jury that is over, and whether it came. */
  async function jurorsOf(id: Hex): Promise<DecisionView['validators']> {
    const trial = await chain.ledger.trial(id)
    if (trial === undefined || trial.closed === null) return []
    const shown = new Set(trial.votes.map(({ juror }) => juror))
    return trial.jury.map(validator => ({ validator, accept: null, present: shown.has(validator) }))
  }

  return {
    async votes(id) {
      const { record, net } = await shown.must(id)
      const { state } = record
      const { commits, votes, mine } = await book.ballot(id)
      const verdict = await book.verdict(id)
      const certified =
        state.name === 'accepted' || state.name === 'rejected' ? (rosterCertificate(state)?.votes ?? []) : []
      const revealed = new Map([...certified, ...votes].map(({ message }) => [message.validator, message]))
      const committed = new Set(commits.map(({ message }) => message.validator))
      const found = (accept: boolean): Hex | undefined =>
        verdict === undefined || isUnread(verdict) || !('statements' in state) || state.statements === undefined
          ? undefined
          : outcomeOf({ contribution: id, cid: state.statements.reveal.message.cid, own: ownRows(verdict) }, accept)
      const { validators } = net.rules
      const reasons = new Map<Address, VoteReason>()
      for (const { address } of validators) {
        const because = await book.told.get(`${id}/${address}`)
        const vote = revealed.get(address)
        // A validator that voted twice may have told a reason for the other vote.
        if (because !== undefined && vote?.salt === saltOf(because)) reasons.set(address, because)
      }
      return {
        contribution: id,
        datanet: record.datanet,
        total: validators.reduce((sum, { weight }) => sum + weight, 0),
        opensAt: state.name === 'voting' ? state.since : null,
        closesAt: state.name === 'voting' ? Math.max(state.since, startedAt) + voteMs(net.rules) : null,
        validators: validators.map(({ address, weight }): VoteView => {
          const vote = revealed.get(address)
          // The own vote is known here before it is told.
          const known = vote ?? (address === self ? mine?.message : undefined)
          const says = known === undefined ? null : saidBy(known)
          const same = vote === undefined || says === 'abstain' ? undefined : found(vote.accept)
          return {
            validator: address,
            weight,
            step: vote !== undefined ? 'revealed' : committed.has(address) ? 'committed' : 'waiting',
            accept: says === 'abstain' ? null : says,
            abstains: says === 'abstain',
            agrees: vote === undefined || same === undefined ? null : vote.outcome === same,
            reason: reasons.get(address)?.reason || null,
            code: reasons.get(address)?.code ?? null
          }
        })
      }
    },
    async turnout(datanet) {
      const counts = new Map<Address, number>()
      let of = 0
      for await (const { commits, votes, certified } of decided(datanet, turnoutOf)) {
        of++
        const seen = new Set([...commits, ...votes, ...certified].map(({ message }) => message.validator))
        for (const address of seen) counts.set(address, (counts.get(address) ?? 0) + 1)
      }
      return { of, counts }
    },
    async *decisions(datanet) {
      for await (const { record, accepted, judged, commits, votes, certified } of decided(datanet, decisionsOf)) {
        const { net } = await shown.must(record.id)
        const said = new Map([...certified, ...votes].map(({ message }) => [message.validator, saidBy(message)]))
        const committed = new Set(commits.map(({ message }) => message.validator))
        yield {
          contribution: record.id,
          contributor: record.contributor,
          accepted,
          judged,
          validators: net.rules.validators
            .map(({ address }) => {
              const says = said.get(address) ?? null
              const present = says !== null || committed.has(address)
              return { validator: address, accept: says === 'abstain' ? null : says, present }
            })
            .concat(await jurorsOf(record.id))
        }
      }
    }
  }
}
