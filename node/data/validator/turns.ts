import { signStatement } from '../../../protocol/crypto/index.ts'
import {
  abstention,
  checkStatements,
  commitMs,
  expire,
  isDecided,
  isEverybody,
  isQuorum,
  isSplit,
  isUnread,
  openVote,
  outcomeOf,
  ownRows,
  saltOf,
  showAt,
  voteCommitment,
  voteMs,
  weightOf
} from '../../../protocol/data/index.ts'
import type {
  Barred,
  ContributionMessage,
  ContributionStatements,
  DatanetDocument,
  Said,
  Verdict,
  VoteReason
} from '../../../protocol/data/index.ts'
import { InvalidError, NotFoundError, TilthError, anySignal, toHex } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { datanetTopic } from '../../../protocol/wire/index.ts'
import { createCache } from '../../runtime/index.ts'
import { createBonded } from '../bonds.ts'
import type { Allowances } from '../allowances.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps, DataTiming } from '../deps.ts'
import type { Receiver } from '../exchange/index.ts'
import type { Told } from '../questions/told.ts'
import type { Privacy } from '../private/index.ts'
import type { ContributionRecord } from '../book/index.ts'
import { createRosters, hostOf } from '../rosters.ts'
import type { VotePolicy } from '../types.ts'
import type { Shards } from './shards.ts'

/** How long nothing is looked at when nothing is open and nobody wakes it. */
const idleMs = 3_600_000
/** Between two tries to hear from validators which rows were accepted. */
const askAgainMs = 5_000
/** Own messages of which is remembered that they were told. */
const remembered = 4096

/**
 * Contributions of a Datanet one after another, in the order of authorship: check, vote, reveal the vote, wait for the
 * quorum.
 */
export interface Turns {
  stop(): Promise<void>
  /** Something about this Datanet changed: look again. */
  wake(datanet: Hex): void
  /** Whether this node runs the checks of that Datanet. */
  judges(net: DatanetDocument, datanet: Hex): Promise<boolean>
  /** Its contributions are nobody's business here any more. */
  leave(datanet: Hex): Promise<void>
  /** This contribution, and those after it, may stand otherwise than when they were passed: look at them once more. */
  revisit(datanet: Hex, index: number): void
  /**
   * Votes by hand; the reason is told with the vote. So long as it is held nobody is told of it, and it can be taken
   * back.
   * @throws InvalidError `vote.not-validator`, `vote.not-open`, `vote.already`, `vote.private`
   */
  vote(id: Hex, accept: Said, reason?: string | VoteReason, holdMs?: number): Promise<void>
  /** @throws InvalidError `vote.told`, `vote.none` */
  unvote(id: Hex): Promise<void>
  /** Whether this validator votes by its own checks; what was chosen stays over restarts. */
  policy(): Promise<VotePolicy>
  setPolicy(policy: VotePolicy): Promise<void>
}

type Looked = 'go-on' | { readonly until: number }

/**
 * @param startedAt windows are open for as long again after a start, so that a validator that was away can still vote
 */
export function createTurns(
  deps: DataDeps,
  timing: DataTiming,
  startedAt: number,
  book: Book,
  allowances: Pick<Allowances, 'isBeyond'>,
  shards: Shards,
  receiver: Receiver,
  told: Pick<Told, 'learn'>,
  follows: (datanet: Hex) => boolean,
  onExpired: (record: ContributionRecord) => Promise<void>,
  privacy: Pick<Privacy, 'judges'>
): Turns {
  const { chain, key, self, network, clock, events, log } = deps
  const rosters = createRosters(chain)
  const bonded = createBonded(chain)
  const stopping = new AbortController()
  // Of Datanets that are followed, and no others.
  const running = new Map<Hex, { wake: () => void; done: Promise<void> }>()
  /** Whose turn it is in each Datanet, anew with each turn; all contributions before it are over and done with. */
  const position = new Map<Hex, { readonly index: number }>()
  /** What was told in this process's life, as far as it is remembered; comparing notes does the rest. */
  const announced = createCache<string, true>({ max: remembered })
  /** When more than two thirds of the weight were first seen to have committed. */
  const quorums = createCache<Hex, number>({ max: remembered })

  const policy = async (): Promise<VotePolicy> =>
    (await book.policies.get('votes')) ?? (deps.autoVote === false ? 'manual' : 'auto')
  const isValidator = (net: DatanetDocument): boolean => weightOf(net.rules.validators, self) > 0
  const judges = async (net: DatanetDocument, datanet: Hex): Promise<boolean> =>
    (deps.checks !== false || isValidator(net) || hostOf(net) === self) && privacy.judges(net, datanet)

  /** Own messages go the way of others': checked, kept, then told, once. */
  async function tell(datanet: Hex, message: ContributionMessage, name: string, isKept: boolean): Promise<void> {
    if (isKept && announced.get(name) === true) return
    await receiver.take(message)
    if (announced.get(name) === true) return
    announced.set(name, true)
    await deps.gossip.publish(datanetTopic(datanet), message).catch((error: unknown) => {
      log.info('a vote was not announced; others ask for it', { error })
    })
  }

  async function ensureVerdict(record: ContributionRecord, statements: ContributionStatements): Promise<Verdict> {
    const { id } = record
    const known = await book.verdict(id)
    // What was not to be had here was, for a quorum that accepted it.
    const isPassed = known !== undefined && isUnread(known) && record.state.name === 'accepted'
    if (known !== undefined && !isPassed) return known
    const verdict = await shards.check(record, statements)
    await book.putVerdict(id, verdict)
    events.emit('data.checked', {
      datanet: record.datanet,
      contribution: id,
      accept: verdict.accept,
      ...(verdict.reason === undefined ? {} : { reason: verdict.reason })
    })
    return verdict
  }

  /** Decides on this node's vote and keeps it, salt and all: whatever happens, it will not vote otherwise. */
  async function choose(id: Hex, statements: ContributionStatements, verdict: Verdict, says: Said): Promise<void> {
    if ((await book.ballot(id)).mine !== undefined) return
    const accept = says === true
    const outcome =
      says === 'abstain'
        ? abstention(id)
        : outcomeOf({ contribution: id, cid: statements.reveal.message.cid, own: ownRows(verdict) }, accept)
    const nonce = toHex(crypto.getRandomValues(new Uint8Array(32)))
    const said = await book.reasons.get(id)
    // Who votes by the checks against something says what they found.
    const found = says !== false || verdict.reason === undefined ? undefined : { reason: '', code: verdict.reason }
    const given = typeof said === 'string' ? { reason: said } : (said ?? found)
    const why = given === undefined ? undefined : { ...given, nonce }
    const salt = why === undefined ? nonce : saltOf(why)
    const mine = signStatement(network, 'Vote', { contribution: id, validator: self, accept, outcome, salt }, key)
    await book.serially(async () => {
      const ballot = await book.ballot(id)
      if (ballot.mine !== undefined) return
      if (why !== undefined) await book.told.put(`${id}/${self}`, why)
      await book.putBallot(id, { ...ballot, mine })
    })
  }

  /**
   * Makes a vote by hand of what its owner has chosen, once the time to take it back is over.
   * @returns until when it is held
   */
  async function release(
    { id }: ContributionRecord,
    statements: ContributionStatements,
    verdict: Verdict
  ): Promise<number | undefined> {
    const chosen = await book.serially(async () => {
      const held = await book.chosen.get(id)
      if (held === undefined || held.until > clock.now() || held.released) return held
      const released = { ...held, released: true }
      await book.chosen.put(id, released)
      return released
    })
    if (chosen?.released !== true) return chosen?.until
    await choose(id, statements, verdict, chosen.accept)
    await book.chosen.delete(id)
    return undefined
  }

  /**
   * Tells the commitment, and the vote itself once everybody has committed, or more than two thirds and those that are
   * missing have had their time.
   * @returns when to look again
   */
  async function cast(
    { id, datanet }: ContributionRecord,
    net: DatanetDocument,
    since: number
  ): Promise<number | undefined> {
    const { mine, commits: heard } = await book.ballot(id)
    if (mine === undefined) return undefined
    // Chosen too late, it is no vote any more: others are shown by now.
    const isCommitted = heard.some(({ message }) => message.validator === self)
    if (!isCommitted && clock.now() > Math.max(since, startedAt) + commitMs(net.rules)) return undefined
    if (!isCommitted || announced.get(`${id} commit`) !== true) {
      const commitment = { contribution: id, validator: self, commitment: voteCommitment(mine.message) }
      const statement = signStatement(network, 'VoteCommit', commitment, key)
      await tell(datanet, { kind: 'vote-commit', statement }, `${id} commit`, isCommitted)
    }
    const { commits, votes } = await book.ballot(id)
    const committed = commits.map(({ message }) => message.validator)
    const all = isEverybody(net.rules.validators, committed)
    const quorum = quorums.get(id) ?? (isQuorum(net.rules.validators, committed) ? clock.now() : undefined)
    if (quorum !== undefined) quorums.set(id, quorum)
    const shown = quorum === undefined ? since + commitMs(net.rules) : showAt(net.rules, since, quorum)
    if (!all && clock.now() < shown) return shown
    const because = await book.told.get(`${id}/${self}`)
    const message = { kind: 'vote', statement: mine, ...(because === undefined ? {} : { because }) } as const
    const isShown = votes.some(({ message: { validator } }) => validator === self)
    await tell(datanet, message, `${id} vote`, isShown)
    return undefined
  }

  const setState = (
    id: Hex,
    next: (record: ContributionRecord) => ContributionRecord['state'] | undefined
  ): Promise<void> =>
    book.serially(async () => {
      const record = await book.contribution(id)
      const state = record === undefined ? undefined : next(record)
      if (state !== undefined) await book.setState(id, state)
    })

  async function end(id: Hex, barred?: Barred): Promise<Looked> {
    await setState(id, ({ state }) => (isDecided(state) ? undefined : expire(state, barred)))
    // What follows from it changes the book as well: a certificate that comes now waits for that.
    await book.serially(async () => {
      const record = await book.contribution(id)
      if (record?.state.name === 'expired') await onExpired(record)
    })
    return 'go-on'
  }

  /**
   * What it would take to know an accepted contribution's rows: later ones are compared with them. Tried for as long as
   * a vote lasts.
   */
  async function learnAccepted(
    record: ContributionRecord,
    net: DatanetDocument,
    statements: ContributionStatements,
    triedSince: number
  ): Promise<Looked> {
    // Its shard is given to nobody any more.
    if ((await book.removed(record.id)) === 'taken-down') return 'go-on'
    try {
      await ensureVerdict(record, statements)
      if (await shards.index(record)) return 'go-on'
      // Rows that ask a sealed question are seen by those alone to whom it was sealed.
      const learnt = await told.learn(record, net, statements)
      if (learnt === 'later' && clock.now() <= triedSince + voteMs(net.rules))
        return { until: clock.now() + askAgainMs }
      if (learnt !== true || !(await shards.index(record)))
        log.warn('a contribution was accepted with other rows than the checks here give', { contribution: record.id })
      return 'go-on'
    } catch (error) {
      log.info('the shard of an accepted contribution is not to be had now', { contribution: record.id, error })
      return clock.now() > triedSince + voteMs(net.rules) ? 'go-on' : { until: clock.now() + timing.tickMs }
    }
  }

  /**
   * A quorum that decided something later has gone past what is open here: for a node that came later or missed it,
   * the windows are over. (Should it have been decided after all, its certificate counts whenever it comes.)
   */
  const passedBy = async ({ datanet, index }: ContributionRecord, since: number): Promise<boolean> =>
    clock.now() > since + timing.passMs && (await book.progress(datanet)).decided > index

  /** One look at the contribution whose turn it is. */
  async function look(record: ContributionRecord, net: DatanetDocument, since: number): Promise<Looked> {
    const { id, state } = record
    // Who was first is decided once the chain will not give the place to another any more.
    if (!isDecided(state) && !chain.ledger.confirmed(record.block)) return { until: clock.now() + timing.tickMs }
    // Bond and allowance first: what lacks the one or is beyond the other is nobody's work, shown or not.
    if (!isDecided(state) && !(await bonded(id, net.rules))) return end(id, 'no-bond')
    if (!isDecided(state) && (await allowances.isBeyond(record, net.rules))) return end(id, 'over-allowance')
    if (!isDecided(state) && (await passedBy(record, since))) return end(id)
    switch (state.name) {
      case 'committed': {
        const late = Math.max(record.seenAt, startedAt) + net.rules.revealSeconds * 1000
        return clock.now() > late ? end(id) : { until: late + 1 }
      }
      case 'revealed':
        await setState(id, ({ state }) => (state.name === 'revealed' ? openVote(state, clock.now()) : undefined))
        return { until: clock.now() }
      case 'voting': {
        const over = Math.max(state.since, startedAt) + voteMs(net.rules)
        if (clock.now() > over) return end(id)
        if (!(await judges(net, record.datanet))) return { until: over + 1 }
        let held: number | undefined
        try {
          const verdict = await ensureVerdict(record, state.statements)
          // Of what nobody gives, or nobody may bring, there is nothing to look at by hand.
          const isEmpty = verdict.rows.length === 0 && !verdict.accept
          if (isValidator(net) && (isEmpty || (await policy()) === 'auto'))
            await choose(id, state.statements, verdict, verdict.accept)
          held = await release(record, state.statements, verdict)
        } catch (error) {
          log.info('a shard could not be checked yet', { contribution: id, error })
          return { until: Math.min(over + 1, clock.now() + timing.tickMs) }
        }
        const again = await cast(record, net, state.since)
        if (isSplit(id, net.rules.validators, await book.ballot(id))) return end(id)
        return { until: Math.min(over + 1, again ?? over + 1, held ?? over + 1) }
      }
      case 'accepted':
        return (await judges(net, record.datanet)) ? learnAccepted(record, net, state.statements, since) : 'go-on'
      case 'rejected':
        // Why, for whoever asks this node; the quorum does not need it.
        if ((await book.verdict(id)) === undefined && (await judges(net, record.datanet)))
          await ensureVerdict(record, state.statements).catch((error: unknown) => {
            log.debug('a rejected shard was not checked', { contribution: id, error })
          })
        return 'go-on'
      case 'expired':
        return 'go-on'
    }
  }

  /** @returns when to look again, at the latest; undefined when there is nothing to look at */
  async function advance(datanet: Hex, began: { id?: Hex; at: number }): Promise<number | undefined> {
    const net = (await book.datanet(datanet))?.document
    for (;;) {
      const turn = await book.serially(async () => {
        const known = position.get(datanet) ?? { index: (await book.progress(datanet)).passed + 1 }
        position.set(datanet, known)
        return known
      })
      const record = await book.at(datanet, turn.index)
      if (net === undefined || record === undefined || stopping.signal.aborted || !follows(datanet)) return undefined
      if (began.id !== record.id) Object.assign(began, { id: record.id, at: clock.now() })
      const looked = await look(record, await rosters.deciding(record.id, net), began.at)
      if (looked === 'go-on') {
        await book.serially(async () => {
          // Decided otherwise meanwhile, or to be looked at again: what it is now is looked at, too.
          const now = await book.at(datanet, turn.index)
          if (now?.state.name !== record.state.name || position.get(datanet) !== turn) return
          position.set(datanet, { index: turn.index + 1 })
          await book.pass(datanet, turn.index)
        })
      } else if (looked.until > clock.now()) {
        // Decided while it was looked at: no need to wait.
        const now = (await book.contribution(record.id))?.state.name
        if (now === record.state.name || now === undefined) return looked.until
      }
    }
  }

  async function loop(datanet: Hex, sleeper: { woken: boolean; wake: () => void }): Promise<void> {
    const began = { at: 0 }
    while (!stopping.signal.aborted && follows(datanet)) {
      sleeper.woken = false
      let until: number | undefined = clock.now() + timing.tickMs
      try {
        until = await advance(datanet, began)
      } catch (error) {
        if (stopping.signal.aborted) return
        log.warn('a contribution could not be taken further; it is tried again', { datanet, error })
      }
      if (sleeper.woken || stopping.signal.aborted) continue
      const nap = new AbortController()
      sleeper.wake = () => {
        sleeper.woken = true
        nap.abort()
      }
      await clock
        .sleep(
          until === undefined ? idleMs : Math.max(1, Math.min(until - clock.now(), timing.tickMs)),
          anySignal([nap.signal, stopping.signal])
        )
        .catch((error: unknown) => {
          if (!nap.signal.aborted && !stopping.signal.aborted) throw error
        })
      sleeper.wake = () => {
        sleeper.woken = true
      }
    }
  }

  function wake(datanet: Hex): void {
    if (stopping.signal.aborted || !follows(datanet)) return
    const known = running.get(datanet)
    if (known !== undefined) return known.wake()
    const sleeper = {
      woken: false,
      wake: () => {
        sleeper.woken = true
      }
    }
    const entry = {
      wake: () => {
        sleeper.wake()
      },
      done: loop(datanet, sleeper).finally(() => {
        if (running.get(datanet) === entry) running.delete(datanet)
      })
    }
    running.set(datanet, entry)
  }

  return {
    wake,
    judges,
    async leave(datanet) {
      const known = running.get(datanet)
      known?.wake()
      await known?.done
      position.delete(datanet)
    },
    revisit(datanet, index) {
      const at = position.get(datanet)
      if (at !== undefined && index <= at.index) position.set(datanet, { index })
      wake(datanet)
    },
    async stop() {
      stopping.abort(new TilthError('data.stopped', 'the data service is stopping'))
      await Promise.allSettled([...running.values()].map(({ done }) => done))
    },
    policy,
    async setPolicy(policy) {
      await book.policies.put('votes', policy)
      for (const datanet of running.keys()) wake(datanet)
    },
    async vote(id, accept, reason, holdMs = 0) {
      const record = await book.contribution(id)
      const known = record === undefined ? undefined : (await book.datanet(record.datanet))?.document
      if (record === undefined || known === undefined)
        throw new NotFoundError('contribution.unknown', 'this contribution is not known here')
      const net = await rosters.deciding(id, known)
      if (!isValidator(net))
        throw new InvalidError('vote.not-validator', 'this node is no validator of that Datanet', {
          help: 'Only those vote who sat on its roster when the contribution came.'
        })
      // [reject] What is written beside a vote is public, and of private rows nothing is said in public.
      const words = typeof reason === 'string' ? reason : (reason?.reason ?? '')
      if (net.rules.private !== undefined && words !== '')
        throw new InvalidError('vote.private', 'a vote on private rows is given no words: everybody reads them', {
          help: 'Name a code as the reason, and write to the contributor.'
        })
      const verdict = await book.verdict(id)
      if (record.state.name !== 'voting' || verdict === undefined)
        throw new InvalidError('vote.not-open', `a contribution that is ${record.state.name} cannot be voted on now`, {
          help: 'Contributions are voted on in the order of authorship, once they are checked.'
        })
      if ((await book.ballot(id)).mine !== undefined)
        throw new InvalidError('vote.already', 'this node has voted on it already', {
          help:
            'A vote cannot be taken back: two different ones cost the stake. ' +
            'To vote by hand, let this node not vote by itself: tilth review policy manual'
        })
      checkStatements(network, record.state.statements)
      if (reason === undefined) await book.reasons.delete(id)
      else await book.reasons.put(id, typeof reason === 'string' ? { reason } : reason)
      const { statements, since } = record.state
      const half = Math.max(since, startedAt) + commitMs(net.rules)
      if (clock.now() > half)
        throw new InvalidError('vote.not-open', 'the time to vote on it is over: votes are being shown', {
          help: 'Votes count that are made within half of the window; they are shown after that at the latest.'
        })
      // It is told a while before that, so that others hear of it in time.
      const until = Math.min(clock.now() + holdMs, half - voteMs(net.rules) / 20)
      if (holdMs > 0 && until > clock.now())
        await book.serially(async () => {
          // What is being told already is not changed any more.
          if ((await book.chosen.get(id))?.released !== true)
            await book.chosen.put(id, { accept, until, released: false })
        })
      else {
        await choose(id, statements, verdict, accept)
        await book.chosen.delete(id)
      }
      wake(record.datanet)
    },
    async unvote(id) {
      const { mine } = await book.ballot(id)
      await book.serially(async () => {
        const chosen = await book.chosen.get(id)
        if (mine !== undefined || chosen?.released === true)
          throw new InvalidError('vote.told', 'this vote was told to the others already', {
            help: 'It cannot be taken back: two different votes cost the stake.'
          })
        if (chosen === undefined)
          throw new InvalidError('vote.none', 'this node has not voted on it', { help: 'There is nothing to undo.' })
        await book.chosen.delete(id)
      })
      await book.reasons.delete(id)
    }
  }
}
