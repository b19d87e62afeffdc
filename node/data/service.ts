import { digest } from '../../protocol/crypto/index.ts'
import { dataMessage } from '../../protocol/data/index.ts'
import { TilthError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { Follower } from '../chain/types.ts'
import { contributionView, createBook, datanetView, rank } from './book/index.ts'
import type { ContributionRecord } from './book/index.ts'
import { createContributing } from './contributor/index.ts'
import { defaultTiming } from './deps.ts'
import type { DataDeps } from './deps.ts'
import { createReceiver, pullFrom, readCommitments, serveSync } from './exchange/index.ts'
import { createHosting, createVersions } from './host/index.ts'
import { createDataMetrics } from './metrics.ts'
import type { DataService } from './types.ts'
import { createShards, createTurns } from './validator/index.ts'

/** Longest comparison of notes with one peer. */
const syncLimitMs = 60_000

/**
 * The data phase of a node: contribution -> checks -> votes -> acceptance -> version. Every node keeps the same book,
 * from
 * the chain, gossip and comparing notes; validators vote, the host anchors.
 */
export function createDataService(deps: DataDeps): DataService {
  const { chain, clock, events, gossip, log, network, peers, self, streams } = deps
  const timing = { ...defaultTiming, ...deps.timing }
  const metrics = createDataMetrics(deps.registry)
  const stopping = new AbortController()
  const startedAt = clock.now()
  const book = createBook(deps)
  const shards = createShards(deps, timing, book, stopping.signal)
  const receiver = createReceiver(deps, book, startedAt, {
    changed,
    decided,
    known: (datanet, record) => {
      if (turns.judges(datanet)) shards.warm(datanet, record)
    },
    doubleVote: () => {
      void reportDoubleVotes()
    }
  })
  const turns = createTurns(deps, timing, startedAt, book, shards, receiver, decided)
  const contributing = createContributing(deps, book, receiver)
  const versions = createVersions(deps, book, shards)
  const hosting = createHosting(deps, book, receiver)
  const offs: (() => unknown)[] = []
  const pulling = new Map<string, Promise<void>>()
  let follower: Follower | undefined
  let reporting = false

  function changed(datanet: Hex): void {
    turns.wake(datanet)
  }

  function decided(id: Hex, record: ContributionRecord): void {
    const view = contributionView(book, id)
    const status = record.state.name
    if (status !== 'accepted' && status !== 'rejected' && status !== 'expired') return
    metrics.decided(status)
    events.emit('data.decided', {
      datanet: record.datanet,
      contribution: id,
      status,
      ...(view?.reason === undefined ? {} : { reason: view.reason })
    })
    turns.revisit(record.datanet, record.index)
  }

  /** What was revealed of commitments that the chain took back waits for them to come again. */
  async function rewound(gone: readonly ContributionRecord[]): Promise<void> {
    for (const { state, provider } of gone) {
      if (!('statements' in state) || state.statements === undefined) continue
      await receiver
        .take({ kind: 'reveal', statements: state.statements, ...(provider === undefined ? {} : { provider }) })
        .catch((error: unknown) => {
          log.debug('a reveal waits for the chain', { error })
        })
    }
    for (const datanet of new Set(gone.map(record => record.datanet))) {
      shards.forget(datanet)
      turns.revisit(datanet, 1)
    }
  }

  /** Evidence goes on chain, by whoever of the roster can pay for it; that somebody was quicker is as good. */
  async function reportDoubleVotes(): Promise<void> {
    if (chain.account === undefined || reporting) return
    reporting = true
    try {
      for (const [key, record] of book.unreported()) {
        const { first, second } = record.evidence
        try {
          await chain.datanets.reportDoubleVote(
            { vote: first.message, signature: first.signature },
            { vote: second.message, signature: second.signature }
          )
        } catch (error) {
          if (!(error instanceof TilthError) || error.consequence !== 'reject') throw error
          log.info('a double vote was reported already, or has no stake to lose', { key, error })
        }
        await book.putEvidence(key, { ...record, reported: true })
      }
    } catch (error) {
      log.info('a double vote could not be reported yet', { error })
    } finally {
      reporting = false
    }
  }

  /** One comparison with a peer at a time. */
  function pull(peer: string): Promise<void> {
    const known = pulling.get(peer)
    if (known !== undefined) return known
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(syncLimitMs)])
    const running = pullFrom(peer, deps, book, receiver, signal)
      .then(
        () => {
          metrics.synced('done')
        },
        (error: unknown) => {
          metrics.synced('failed')
          throw error
        }
      )
      .finally(() => {
        pulling.delete(peer)
      })
    pulling.set(peer, running)
    return running
  }
  const pullQuietly = (peer: string): void => {
    if (stopping.signal.aborted) return
    pull(peer).catch((error: unknown) => {
      log.debug('comparing notes failed', { peer, error })
    })
  }
  function pullFromSomeone(first?: string): void {
    const all = peers.connected()
    const chosen = all.find(({ address }) => address === first) ?? all[Math.floor(Math.random() * all.length)]
    if (chosen !== undefined) pullQuietly(chosen.peerId)
  }

  return {
    name: 'data',
    async start() {
      await book.load()
      offs.push(streams.handle('/tilth/data/sync/1', stream => serveSync(stream, book)))
      offs.push(gossip.subscribe('tilth/data/1', dataMessage, (message, { peerId }) => receiver.hear(message, peerId)))
      follower = await readCommitments(deps, timing, book, {
        changed,
        rewound,
        missing: host => {
          pullFromSomeone(host)
        },
        committed: id => receiver.unpark(id)
      })
      turns.start()
      offs.push(
        peers.on('connect', ({ peerId }) => {
          pullQuietly(peerId)
        })
      )
      for (const { peerId } of peers.connected()) pullQuietly(peerId)
      offs.push(
        clock.every(timing.syncMs, () => {
          pullFromSomeone()
        })
      )
      offs.push(
        clock.every(
          timing.tickMs,
          () => contributing.resume(),
          error => {
            log.warn('promised contributions could not be looked at', { error })
          }
        )
      )
      offs.push(clock.every(timing.syncMs, reportDoubleVotes))
      log.info('data service started', { datanets: book.datanets().size, self })
    },
    async stop() {
      stopping.abort(new TilthError('data.stopped', 'the data service is stopping'))
      for (const off of offs.splice(0)) await off()
      await follower?.stop()
      await turns.stop()
      await Promise.allSettled(pulling.values())
      await book.serially(async () => undefined)
    },
    ...hosting,
    datanets: () => [...book.datanets().keys()].flatMap(id => datanetView(book, id) ?? []),
    datanet: id => datanetView(book, id),
    heldOutRows: async datanet => (await shards.heldOut(datanet)).rows,
    prepare: request => contributing.prepare(request),
    submit: async signed => {
      const done = await contributing.submit(signed)
      log.info('contributed', {
        contribution: digest(network, 'Commitment', signed.commitment.message),
        index: done.index
      })
      return done
    },
    contribute: request => contributing.contribute(request),
    contributions: datanet => book.contributions(datanet).flatMap(([id]) => contributionView(book, id) ?? []),
    contribution: id => contributionView(book, id),
    vote: (id, accept) => turns.vote(id, accept),
    ...versions,
    rank: datanet => rank(book, datanet),
    sync: pull
  }
}
