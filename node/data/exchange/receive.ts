import { digest, requireSigner } from '../../../protocol/crypto/index.ts'
import type { Signed } from '../../../protocol/crypto/index.ts'
import {
  DataError,
  checkBecause,
  checkCertificate,
  checkStatements,
  checkTakeDown,
  checkVoter,
  checkWithdrawal,
  commitMs,
  decide,
  isDoubleVote,
  isEverybody,
  isJuried,
  isQuorum,
  opens,
  reveal,
  signedWith,
  supersedes,
  tallyOpened,
  voteMs,
  weightOf
} from '../../../protocol/data/index.ts'
import type {
  Because,
  Certificate,
  ContributionMessage,
  ContributionStatements,
  DataMessage,
  DatanetDocument
} from '../../../protocol/data/index.ts'
import { contentHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { DatanetOnChain } from '../../chain/types.ts'
import { createBarred, createBonded } from '../bonds.ts'
import { createAllowances } from '../allowances.ts'
import { keptOfOne } from '../book/index.ts'
import type { Book, ContributionRecord } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import { createRosters } from '../rosters.ts'
import { createLookup } from './lookup.ts'
import { createJudging } from '../jury/judging.ts'
import type { Judging } from '../jury/judging.ts'
import { createParked } from './parked.ts'
import { createRemoving } from './removing.ts'

/** Takes messages in, whoever brings them: gossip, a peer in a comparison of notes, or this node itself. */
export interface Receiver {
  /**
   * Resolves when what was new in it is on disk.
   * @param from the peer that brought it; undefined for this node's own
   * @returns whether anything was
   * @throws TilthError by whose consequence the bringer is judged (protocol/data/errors.ts)
   */
  take(message: DataMessage, from?: string): Promise<boolean>
  /**
   * The same for gossip: [ignore] what is known here already is not passed on again.
   * @param on the Datanet on whose topic it was said
   */
  hear(message: DataMessage, from: string, on?: Hex): Promise<void>
  /**
   * That the chain holds the roster of a Datanet's rules: for one that this node begins to follow.
   * @throws DataError `datanet.roster` · NotFoundError `datanet.unknown` · ChainError
   */
  confirm(document: DatanetDocument): Promise<void>
  /** What the chain says of a jury's word on a contribution, now: takes it over, or takes it back. */
  judged(contribution: Hex): Promise<boolean>
  /** Something has become known: takes what waited for it, and what had been revealed before the chain took it back. */
  unpark(about: Hex): Promise<void>
}

export interface ReceiverHooks {
  /** Something about this Datanet changed. */
  changed(datanet: Hex): void
  /** A Datanet has become known. */
  datanet(datanet: Hex, document: DatanetDocument): Promise<void>
  /** A shard has become known: it will be needed. */
  revealed(record: ContributionRecord): void
  decided(record: ContributionRecord): Promise<void>
  /** It was withdrawn or taken down. */
  left(record: ContributionRecord): Promise<void>
  /** A jury has decided otherwise than the roster had, or the chain has taken that back. */
  overturned(record: ContributionRecord): Promise<void>
  follows(datanet: Hex): boolean
  doubleVote(key: string): void
}

/**
 * [ignore] The first roster on chain, by which votes are slashed, is that of the rules. Looked at where this node has
 * to do with the Datanet: of others it only knows that they exist.
 */
function checkRoster({ rules }: DatanetDocument, { founders }: Pick<DatanetOnChain, 'founders'>): void {
  const weights = new Map(founders.map(({ address, weight }) => [address, Number(weight)]))
  if (
    weights.size !== rules.validators.length ||
    rules.validators.some(({ address, weight }) =>
      // What seats weigh is the chain's to say where they are not weighed by name.
      rules.weights === undefined ? weights.get(address) !== weight : !weights.has(address)
    )
  )
    throw new DataError('datanet.roster', 'the validators on chain are not those of the rules')
}

/** @param startedAt when this node's clock began to count: what it missed while it was away is nobody's lateness */
export function createReceiver(
  deps: Pick<DataDeps, 'network' | 'self' | 'chain' | 'clock' | 'events' | 'log'>,
  book: Book,
  startedAt: number,
  hooks: ReceiverHooks
): Receiver {
  const { network, self, clock, events, log } = deps
  const parked = createParked()
  const lookup = createLookup(deps)
  const rosters = createRosters(deps.chain)
  const allowances = createAllowances(book)
  const bonded = createBonded(deps.chain)
  const isBarred = createBarred(book, rosters, bonded, allowances)
  const judging: Judging = createJudging(deps, book, isBarred, hooks)
  const removing = createRemoving(deps, book, rosters, record => hooks.left(record))

  /**
   * The contribution, and its Datanet with the roster that decides on it.
   * [ignore] A message about what is not known yet waits for it.
   */
  async function about(
    id: Hex,
    message: ContributionMessage
  ): Promise<{ record: ContributionRecord; net: DatanetDocument }> {
    const record = await book.contribution(id)
    const net = record === undefined ? undefined : (await book.datanet(record.datanet))?.document
    if (record === undefined || net === undefined) {
      parked.park(record === undefined ? id : record.datanet, message)
      throw new DataError('contribution.unknown', 'this contribution is not known here yet')
    }
    // [reject] A mix takes no contributions of its own: what it holds was voted on by its parents' validators.
    if (net.rules.parents !== undefined) throw new DataError('datanet.mix', 'a mix takes no contributions of its own')
    return { record, net: await rosters.deciding(id, net) }
  }

  /**
   * What stands on chain is known from the chain's events; what these have not brought yet is asked for, before
   * anything is locked: a slow RPC holds up nobody who has other news.
   */
  async function takeDatanet(document: DatanetDocument, from: string | undefined): Promise<boolean> {
    const { statement, rules } = document
    const id = digest(network, 'Datanet', statement.message)
    if ((await book.datanet(id)) !== undefined) return false
    if ((await book.listing(id)) === undefined || isNamed(document) || hooks.follows(id))
      checkRoster(document, await lookup.find(id, from))
    const fresh = await book.serially(async () => {
      if ((await book.datanet(id)) !== undefined) return false
      await book.putDatanet(id, { document, seenAt: clock.now() }, isNamed(document) || hooks.follows(id))
      return true
    })
    if (fresh) {
      events.emit('data.datanet', { datanet: id, host: statement.message.host, name: rules.name })
      await hooks.datanet(id, document)
      hooks.changed(id)
    }
    await receiver.unpark(id)
    return fresh
  }
  const isNamed = ({ statement, rules }: DatanetDocument): boolean =>
    statement.message.host === self || weightOf(rules.validators, self) > 0

  async function takeReveal(
    statements: ContributionStatements,
    provider: Address | undefined,
    message: ContributionMessage
  ): Promise<boolean> {
    const id = digest(network, 'Commitment', statements.commitment.message)
    const { record, net } = await about(id, message)
    // [reject] A private Datanet's reveal says to whom the key is sealed, and no other does.
    if ((net.rules.private === undefined) !== (statements.sealed === undefined))
      throw new DataError('reveal.sealed', 'the reveal has keys where none are needed, or lacks them')
    if (record.state.name !== 'committed') return false
    // [ignore] A reveal counts within its window; what comes later is as if it had not come.
    if (clock.now() > Math.max(record.seenAt, startedAt) + net.rules.revealSeconds * 1000)
      throw new DataError('reveal.late', 'the reveal comes after its window')
    const revealed = {
      ...record,
      state: reveal(record.state, statements, clock.now()),
      ...(provider === undefined ? {} : { provider })
    }
    await book.putContribution(revealed)
    const { cid, rows } = statements.reveal.message
    events.emit('data.revealed', { datanet: record.datanet, contribution: id, cid, rows })
    hooks.revealed(revealed)
    if (await judging.settle(id)) return true
    await count(id, net) // votes may have come first
    hooks.changed(record.datanet)
    return true
  }

  /** Whether a part of a vote's window, or all of it, is over by this peer's clock. */
  const isLate = ({ state }: ContributionRecord, windowMs: number): boolean =>
    state.name === 'expired' || (state.name === 'voting' && clock.now() > Math.max(state.since, startedAt) + windowMs)

  async function takeCommit(statement: Signed<'VoteCommit'>, message: ContributionMessage): Promise<boolean> {
    const { contribution, validator, commitment } = statement.message
    const { record, net } = await about(contribution, message)
    const ballot = await book.ballot(contribution)
    const known = ballot.commits.filter(commit => commit.message.validator === validator)
    if (known.some(({ message: { commitment: same } }) => same === commitment)) return false
    checkVoter(net.rules.validators, validator)
    // [ignore] A commitment counts within half of the window: votes are shown after that at the latest.
    if (isLate(record, commitMs(net.rules)))
      throw new DataError('vote.late', 'the commitment comes when votes may be shown already')
    if (known.length < keptOfOne)
      await book.putBallot(contribution, { ...ballot, commits: [...ballot.commits, statement] })
    // [ignore] A validator commits to one vote: others are kept, since elsewhere they may be the first, and not passed
    // on.
    if (known.length > 0) {
      await retake(contribution)
      await count(contribution, net)
      throw new DataError('vote.commit-twice', `${validator} committed to another vote already`)
    }
    events.emit('data.voted', { datanet: record.datanet, contribution, validator, step: 'committed' })
    await count(contribution, net)
    // Between the quorum and the last of them nothing follows from one more.
    const before = ballot.commits.map(commit => commit.message.validator)
    const { validators } = net.rules
    const after = [...before, validator]
    if (isEverybody(validators, after) || isQuorum(validators, before) !== isQuorum(validators, after))
      hooks.changed(record.datanet)
    return true
  }

  /** Votes that waited for a commitment, which may have come. */
  async function retake(contribution: Hex): Promise<void> {
    for (const waiting of parked.take(contribution))
      if (waiting.kind === 'vote')
        await takeVote(waiting).catch((error: unknown) => {
          log.debug('a vote that waited for its commitment was not taken', { contribution, error })
        })
  }

  /** One for each validator: another of it would need another vote. */
  async function keepReason(contribution: Hex, validator: Address, why: Because): Promise<void> {
    const key = `${contribution}/${validator}`
    if ((await book.told.get(key)) === undefined) await book.told.put(key, why)
  }

  async function takeVote(message: Extract<ContributionMessage, { kind: 'vote' }>): Promise<boolean> {
    const { statement, because } = message
    const { contribution, validator } = statement.message
    const { record, net } = await about(contribution, message)
    const ballot = await book.ballot(contribution)
    const said = ballot.votes.filter(vote => vote.message.validator === validator)
    const other = said.find(vote => isDoubleVote(vote.message, statement.message))
    const isNew = said.every(vote => isDoubleVote(vote.message, statement.message))
    checkVoter(net.rules.validators, validator)
    if (because !== undefined) await keepReason(contribution, validator, because)
    if (other === undefined && !isNew) return false
    const late = isLate(record, voteMs(net.rules))
    // [ignore] A vote counts within its window; that it contradicts another is evidence at any time.
    if (other === undefined && late) throw new DataError('vote.late', 'the vote comes after its window')
    // [ignore] A vote is one that was committed. Without a commitment it is kept and not counted yet; where there is
    // only another, it waits for its own.
    const commits = ballot.commits.filter(item => item.message.validator === validator)
    if (other === undefined && commits.length > 0 && !commits.some(item => opens(item.message, statement.message))) {
      parked.park(contribution, message)
      throw new DataError('vote.mismatch', 'the vote is not the one that was committed')
    }
    if (isNew && !late && said.length < keptOfOne) {
      await book.putBallot(contribution, { ...ballot, votes: [...ballot.votes, statement] })
      await count(contribution, net)
    }
    if (other !== undefined) return keepEvidence(record, other, statement)
    events.emit('data.voted', { datanet: record.datanet, contribution, validator, step: 'revealed' })
    const shown = [...ballot.votes.map(vote => vote.message.validator), validator]
    if (isEverybody(net.rules.validators, shown)) hooks.changed(record.datanet)
    return true
  }

  /** Both votes are kept and shown to the chain; the second goes on to others, who need it too. */
  async function keepEvidence(
    record: ContributionRecord,
    first: Signed<'Vote'>,
    second: Signed<'Vote'>
  ): Promise<boolean> {
    const { contribution, validator } = first.message
    const key = `${contribution}/${validator}`
    // [ignore] One double vote is evidence enough; a validator can sign any number of them.
    if ((await book.evidence(key)) !== undefined)
      throw new DataError('vote.double', `${validator} voted twice, as is known`)
    await book.putEvidence(key, { evidence: { first, second }, reported: false })
    log.warn('a validator voted twice', { contribution, validator })
    events.emit('data.double-vote', { datanet: record.datanet, contribution, validator })
    hooks.doubleVote(key)
    return true
  }

  /** Weighs what opens its commitment; a quorum is a certificate, whoever finds it. */
  async function count(id: Hex, net: DatanetDocument): Promise<void> {
    const record = await book.contribution(id)
    if (record === undefined || record.state.name === 'accepted' || record.state.name === 'expired') return
    const { statements } = 'statements' in record.state ? record.state : { statements: undefined }
    if (statements === undefined || isJuried(record.state)) return
    const result = tallyOpened(id, net.rules.validators, await book.ballot(id))
    if (result.state !== 'decided') return
    const { certificate } = result
    // Votes that come later may accept what was rejected: a certificate of others would.
    if (record.state.name === 'rejected' && !supersedes(certificate, record.state.certificate)) return
    if (!certificate.accept || ((await bonded(id, net.rules)) && (await isAllowed(record, net, statements))))
      await conclude(id, certificate, statements)
  }

  const isAllowed = async (
    record: ContributionRecord,
    { rules }: DatanetDocument,
    { reveal: { message } }: ContributionStatements
  ): Promise<boolean> => (await allowances.find(record, rules, message)).code === 'ok'

  async function conclude(id: Hex, certificate: Certificate, statements: ContributionStatements): Promise<void> {
    const record = await book.contribution(id)
    if (record === undefined) return
    // Keys that are here stay here: whoever hands a certificate on may leave them out.
    const known = 'statements' in record.state ? record.state.statements?.sealed : undefined
    const whole = statements.sealed === undefined && known !== undefined ? { ...statements, sealed: known } : statements
    // What was passed as expired is looked at again, also by whoever is killed now: its rows are to be known.
    if (certificate.accept && record.index <= (await book.progress(record.datanet)).passed)
      await book.pass(record.datanet, record.index - 1)
    await book.setState(id, decide(record.state, certificate, whole))
    const decided = await book.contribution(id)
    if (decided !== undefined) await hooks.decided(decided)
    await judging.settle(id)
    hooks.changed(record.datanet)
  }

  async function takeCertificate(message: Extract<ContributionMessage, { kind: 'certificate' }>): Promise<boolean> {
    const { certificate, statements, provider, because = [] } = message
    const id = certificate.contribution
    const { record, net } = await about(id, message)
    // [ignore] A jury has decided, for good.
    if (isJuried(record.state)) return false
    if (
      (record.state.name === 'accepted' || record.state.name === 'rejected') &&
      !supersedes(certificate, record.state.certificate)
    )
      return false
    checkCertificate(network, net.rules.validators, certificate)
    // [ignore] No quorum takes what came without the bond that the rules ask for.
    if (certificate.accept && !(await bonded(id, net.rules)))
      throw new DataError('certificate.bond', 'it accepts what does not carry the bond of its rules')
    // [ignore] No quorum takes more from an account, or from newcomers, than the rules let them bring.
    if (certificate.accept && !(await isAllowed(record, net, statements)))
      throw new DataError('certificate.allowance', "it accepts what is beyond its author's allowance")
    for (const why of because) {
      const vote = signedWith(certificate.votes, why)
      if (vote !== undefined) await keepReason(id, vote.message.validator, why)
    }
    if (provider !== undefined && record.provider === undefined) await book.putContribution({ ...record, provider })
    await conclude(id, certificate, statements)
    return true
  }

  /** What anybody sees from the message alone, before it may wait here for anything. */
  function checkAlone(message: DataMessage): void {
    switch (message.kind) {
      case 'datanet': {
        const { statement, rules } = message.document
        // [reject] A Datanet is signed by its host, over these rules.
        requireSigner(network, statement, statement.message.host)
        if (contentHash(rules) !== statement.message.rules)
          throw new DataError('datanet.rules', 'the rules are not those that were signed')
        return
      }
      case 'reveal':
        checkStatements(network, message.statements)
        return
      // [reject] A vote is signed by whom it names; whether that is a validator, the Datanet's rules say.
      case 'vote-commit':
        return requireSigner(network, message.statement, message.statement.message.validator)
      case 'vote':
        requireSigner(network, message.statement, message.statement.message.validator)
        return checkBecause([message.statement], message.because === undefined ? [] : [message.because])
      case 'certificate':
        // [reject] A certificate comes with the statements of its own contribution.
        if (checkStatements(network, message.statements) !== message.certificate.contribution)
          throw new DataError('certificate.statements', "the certificate comes with another contribution's statements")
        return checkBecause(message.certificate.votes, message.because ?? [])
      case 'withdrawal':
        return checkWithdrawal(network, message.statement)
      case 'take-down':
        return checkTakeDown(network, message.word)
    }
  }

  async function takeRemoval(
    id: Hex,
    message: ContributionMessage,
    take: (found: { record: ContributionRecord; net: DatanetDocument }) => Promise<boolean>
  ): Promise<boolean> {
    const found = await about(id, message)
    const fresh = await take(found)
    if (fresh) hooks.changed(found.record.datanet)
    return fresh
  }

  const takeNow = (message: Exclude<DataMessage, { kind: 'datanet' }>): Promise<boolean> => {
    switch (message.kind) {
      case 'reveal':
        return takeReveal(message.statements, message.provider, message)
      case 'vote-commit':
        return takeCommit(message.statement, message)
      case 'vote':
        return takeVote(message)
      case 'certificate':
        return takeCertificate(message)
      case 'withdrawal':
        return takeRemoval(message.statement.message.contribution, message, ({ record }) =>
          removing.withdrawal(record, message.statement)
        )
      case 'take-down':
        return takeRemoval(message.word.statement.message.contribution, message, ({ record, net }) =>
          removing.takeDown(record, net, message.word)
        )
    }
  }

  const receiver: Receiver = {
    judged: id => book.serially(() => judging.settle(id)),
    async take(message, from) {
      checkAlone(message)
      return message.kind === 'datanet'
        ? await takeDatanet(message.document, from)
        : await book.serially(async () => takeNow(message))
    },
    async hear(message, from, on) {
      // [reject] What is said on a Datanet's topic is of that Datanet, where it says so itself.
      if (on !== undefined && (message.kind === 'reveal' || message.kind === 'certificate')) {
        if (message.statements.commitment.message.datanet !== on)
          throw new DataError('datanet.topic', 'the message belongs to another Datanet')
      }
      // [ignore] A vote, or a word about a removal, does not say itself of which Datanet it is; here it goes on where
      // it belongs, and nowhere else.
      const named = message.kind === 'take-down' ? message.word.statement : 'statement' in message && message.statement
      if (on !== undefined && named !== false) {
        const record = await book.contribution(named.message.contribution)
        if (record !== undefined && record.datanet !== on)
          throw new DataError('contribution.unknown', 'this contribution is of another Datanet')
      }
      if (!(await receiver.take(message, from))) throw new DataError('message.known', 'this was heard before')
    },
    confirm: async document => {
      checkRoster(document, await lookup.find(digest(network, 'Datanet', document.statement.message)))
    },
    async unpark(id) {
      const kept = await book.returned(id)
      const revealed = kept === undefined ? [] : [{ kind: 'reveal', ...kept } as const]
      for (const message of [...revealed, ...parked.take(id)]) {
        await receiver.take(message).catch((error: unknown) => {
          log.debug('a message that waited was not taken', { kind: message.kind, error })
        })
      }
      if (kept !== undefined) await book.takenAgain(id)
    }
  }
  return receiver
}
