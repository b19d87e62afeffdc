import { signStatement } from '../../../protocol/crypto/index.ts'
import {
  checkStatements,
  expire,
  isDecided,
  openVote,
  outcomeOf,
  ownRows,
  voteCommitment,
  weightOf
} from '../../../protocol/data/index.ts'
import type { ContributionStatements, DatanetDocument, Verdict } from '../../../protocol/data/index.ts'
import { InvalidError, NotFoundError, TilthError, toHex } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps, DataTiming } from '../deps.ts'
import type { Receiver } from '../exchange/index.ts'
import type { ContributionRecord } from '../book/index.ts'
import type { Shards } from './shards.ts'

/**
 * Contributions of a Datanet one after another, in the order of authorship: check, vote, reveal the vote, wait for the
 * quorum.
 */
export interface Turns {
  start(): void
  stop(): Promise<void>
  /** Something about this Datanet changed: look again. */
  wake(datanet: Hex): void
  /** Whether this node runs the checks of that Datanet. */
  judges(datanet: Hex): boolean
  /** This contribution, and those after it, may stand otherwise than when they were passed: look at them once more. */
  revisit(datanet: Hex, index: number): void
  /** @throws InvalidError `vote.not-validator`, `vote.not-open`, `vote.already` */
  vote(id: Hex, accept: boolean): Promise<void>
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
  shards: Shards,
  receiver: Receiver,
  onExpired: (id: Hex, record: ContributionRecord) => void
): Turns {
  const { key, self, network, clock, events, log } = deps
  const stopping = new AbortController()
  const running = new Map<Hex, { wake: () => void; done: Promise<void> }>()
  /** First contribution of each Datanet that is not over and done with; all before it are. */
  const position = new Map<Hex, number>()
  const told = new Set<string>()

  const isValidator = (net: DatanetDocument): boolean => weightOf(net.rules.validators, self) > 0
  const judges = (net: DatanetDocument): boolean =>
    deps.checks !== false || isValidator(net) || net.statement.message.host === self

  /**
   * Own messages go the way of others': checked, kept, then told. Told once in this process's life; comparing notes
   * does the rest.
   */
  async function tell(message: Parameters<Receiver['take']>[0], name: string): Promise<void> {
    await receiver.take(message)
    if (told.has(name)) return
    told.add(name)
    await deps.gossip.publish('tilth/data/1', message).catch((error: unknown) => {
      log.info('a vote was not announced; others ask for it', { error })
    })
  }

  async function ensureVerdict(
    id: Hex,
    record: ContributionRecord,
    statements: ContributionStatements
  ): Promise<Verdict> {
    const known = book.verdict(id)
    if (known !== undefined) return known
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
  async function choose(id: Hex, statements: ContributionStatements, verdict: Verdict, accept: boolean): Promise<void> {
    if (book.ballot(id).mine !== undefined) return
    const outcome = outcomeOf({ contribution: id, cid: statements.reveal.message.cid, own: ownRows(verdict) }, accept)
    const salt = toHex(crypto.getRandomValues(new Uint8Array(32)))
    const mine = signStatement(network, 'Vote', { contribution: id, validator: self, accept, outcome, salt }, key)
    await book.serially(async () => {
      const ballot = book.ballot(id)
      if (ballot.mine === undefined) await book.putBallot(id, { ...ballot, mine })
    })
  }

  /**
   * Tells the commitment, and the vote itself once everybody has committed or half of the window is over.
   * @returns when to look again
   */
  async function cast(id: Hex, net: DatanetDocument, since: number): Promise<number | undefined> {
    const { mine } = book.ballot(id)
    if (mine === undefined) return undefined
    const statement = signStatement(
      network,
      'VoteCommit',
      { contribution: id, validator: self, commitment: voteCommitment(mine.message) },
      key
    )
    await tell({ kind: 'vote-commit', statement }, `${id} commit`)
    const { commits } = book.ballot(id)
    const half = since + net.rules.voteSeconds * 500
    const all = net.rules.validators.every(({ address }) =>
      commits.some(({ message }) => message.validator === address)
    )
    if (!all && clock.now() < half) return half
    await tell({ kind: 'vote', statement: mine }, `${id} vote`)
    return undefined
  }

  const setState = (
    id: Hex,
    next: (record: ContributionRecord) => ContributionRecord['state'] | undefined
  ): Promise<void> =>
    book.serially(async () => {
      const record = book.contribution(id)
      const state = record === undefined ? undefined : next(record)
      if (state !== undefined) await book.setState(id, state)
    })

  async function end(id: Hex): Promise<Looked> {
    await setState(id, ({ state }) => (isDecided(state) ? undefined : expire(state)))
    const record = book.contribution(id)
    if (record?.state.name === 'expired') onExpired(id, record)
    return 'go-on'
  }

  /**
   * What it would take to know an accepted contribution's rows: later ones are compared with them. Tried for as long as
   * a vote lasts.
   */
  async function learnAccepted(
    id: Hex,
    record: ContributionRecord,
    net: DatanetDocument,
    statements: ContributionStatements,
    triedSince: number
  ): Promise<Looked> {
    try {
      await ensureVerdict(id, record, statements)
      if (!(await shards.index(id, record)))
        log.warn('a contribution was accepted with other rows than the checks here give', { contribution: id })
      return 'go-on'
    } catch (error) {
      log.info('the shard of an accepted contribution is not to be had now', { contribution: id, error })
      return clock.now() > triedSince + net.rules.voteSeconds * 1000 ? 'go-on' : { until: clock.now() + timing.tickMs }
    }
  }

  /** One look at the contribution whose turn it is. */
  async function look(id: Hex, record: ContributionRecord, net: DatanetDocument, since: number): Promise<Looked> {
    const { state } = record
    switch (state.name) {
      case 'committed': {
        const late = Math.max(record.seenAt, startedAt) + net.rules.revealSeconds * 1000
        return clock.now() > late ? end(id) : { until: late + 1 }
      }
      case 'revealed':
        await setState(id, ({ state }) => (state.name === 'revealed' ? openVote(state, clock.now()) : undefined))
        return { until: clock.now() }
      case 'voting': {
        const over = Math.max(state.since, startedAt) + net.rules.voteSeconds * 1000
        if (clock.now() > over) return end(id)
        if (!judges(net)) return { until: over + 1 }
        try {
          const verdict = await ensureVerdict(id, record, state.statements)
          if (isValidator(net) && deps.autoVote !== false) await choose(id, state.statements, verdict, verdict.accept)
        } catch (error) {
          log.info('a shard could not be checked yet', { contribution: id, error })
          return { until: Math.min(over + 1, clock.now() + timing.tickMs) }
        }
        const again = await cast(id, net, state.since)
        return { until: Math.min(over + 1, again ?? over + 1) }
      }
      case 'accepted':
        return judges(net) ? learnAccepted(id, record, net, state.statements, since) : 'go-on'
      case 'rejected':
        // Why, for whoever asks this node; the quorum does not need it.
        if (judges(net) && book.verdict(id) === undefined)
          await ensureVerdict(id, record, state.statements).catch((error: unknown) => {
            log.debug('a rejected shard was not checked', { contribution: id, error })
          })
        return 'go-on'
      case 'expired':
        return 'go-on'
    }
  }

  /** @returns when to look again, at the latest */
  async function advance(datanet: Hex, began: Map<Hex, number>): Promise<number> {
    const net = book.datanet(datanet)?.document
    for (;;) {
      const at = position.get(datanet) ?? 0
      const next = book.contributions(datanet)[at]
      if (net === undefined || next === undefined || stopping.signal.aborted) return clock.now() + 3_600_000
      const [id, record] = next
      if (!began.has(id)) began.set(id, clock.now())
      const looked = await look(id, record, net, began.get(id) ?? clock.now())
      if (looked === 'go-on') {
        // unless it was to be looked at again from further back
        if ((position.get(datanet) ?? 0) === at) position.set(datanet, at + 1)
        began.delete(id)
      } else if (looked.until > clock.now()) {
        // Decided while it was looked at: no need to wait.
        const now = book.contribution(id)?.state.name
        if (now === record.state.name || now === undefined) return looked.until
      }
    }
  }

  async function loop(datanet: Hex, sleeper: { woken: boolean; wake: () => void }): Promise<void> {
    const began = new Map<Hex, number>()
    while (!stopping.signal.aborted) {
      sleeper.woken = false
      let until = clock.now() + timing.tickMs
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
          Math.max(1, Math.min(until - clock.now(), timing.tickMs)),
          AbortSignal.any([nap.signal, stopping.signal])
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
    if (stopping.signal.aborted || book.datanet(datanet) === undefined) return
    const known = running.get(datanet)
    if (known !== undefined) return known.wake()
    const sleeper = {
      woken: false,
      wake: () => {
        sleeper.woken = true
      }
    }
    running.set(datanet, {
      wake: () => {
        sleeper.wake()
      },
      done: loop(datanet, sleeper)
    })
  }

  return {
    wake,
    judges(datanet) {
      const net = book.datanet(datanet)?.document
      return net !== undefined && judges(net)
    },
    revisit(datanet, index) {
      const at = book.contributions(datanet).findIndex(([, record]) => record.index >= index)
      position.set(datanet, Math.min(position.get(datanet) ?? 0, Math.max(0, at)))
      wake(datanet)
    },
    start() {
      for (const id of book.datanets().keys()) wake(id)
    },
    async stop() {
      stopping.abort(new TilthError('data.stopped', 'the data service is stopping'))
      await Promise.allSettled([...running.values()].map(({ done }) => done))
    },
    async vote(id, accept) {
      const record = book.contribution(id)
      const net = record === undefined ? undefined : book.datanet(record.datanet)?.document
      if (record === undefined || net === undefined)
        throw new NotFoundError('contribution.unknown', 'this contribution is not known here')
      if (!isValidator(net))
        throw new InvalidError('vote.not-validator', 'this node is no validator of that Datanet', {
          help: 'Only the validators named in its rules vote.'
        })
      const verdict = book.verdict(id)
      if (record.state.name !== 'voting' || verdict === undefined)
        throw new InvalidError('vote.not-open', `a contribution that is ${record.state.name} cannot be voted on now`, {
          help: 'Contributions are voted on in the order of authorship, once they are checked.'
        })
      if (book.ballot(id).mine !== undefined)
        throw new InvalidError('vote.already', 'this node has voted on it already', {
          help: 'A vote cannot be taken back: two different ones cost the stake.'
        })
      checkStatements(network, record.state.statements)
      await choose(id, record.state.statements, verdict, accept)
      wake(record.datanet)
    }
  }
}
