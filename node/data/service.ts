import { DataError, datanetMessage, isJuried } from '../../protocol/data/index.ts'
import type { DatanetDocument } from '../../protocol/data/index.ts'
import { TilthError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { createAllowances } from './allowances.ts'
import { contributionView, createBook, datanetView, isBroughtBy } from './book/index.ts'
import type { ContributionRecord } from './book/index.ts'
import {
  createBondKeeping,
  createContributing,
  createPreviews,
  createSealing,
  createWithdrawing
} from './contributor/index.ts'
import { defaultStorage, defaultTiming } from './deps.ts'
import type { DataDeps } from './deps.ts'
import { createCommitments, createNotes, createReceiver, serveSync } from './exchange/index.ts'
import {
  createAnchoring,
  createArchive,
  createHosting,
  createMixing,
  createNearest,
  createSeals,
  createVersions
} from './host/index.ts'
import { createInterest } from './interest/index.ts'
import { createChallenging, createJuryNews, createSees, createServing } from './jury/index.ts'
import { createLists } from './lists.ts'
import { createMade, createParents, questionsOf } from './mixes/index.ts'
import { createDataMetrics } from './metrics.ts'
import { createPapers } from './papers.ts'
import {
  createIsKnownWriter,
  createJudging,
  createOpening,
  createQuestions,
  createRelaying,
  createSealed,
  createTold,
  hearQuestions
} from './questions/index.ts'
import { createRosters } from './rosters.ts'
import type { DataService } from './types.ts'
import { createAmending, createTermsHeard } from './terms/index.ts'
import { createHoldings, createKeeping, createLeaving, createSpare } from './storage/index.ts'
import { createPrivacy } from './private/index.ts'
import { createRefused, createRows, createVotes } from './reading/index.ts'
import {
  createReports,
  createReview,
  createSeating,
  createShards,
  createShown,
  createTakingDown,
  createTurns
} from './validator/index.ts'

/** Followed Datanets looked at in one go for what is missing of them; the others have their turn with the next. */
const healedAtOnce = 32

/**
 * The data phase of a node: contribution -> checks -> votes -> acceptance -> version. Every node knows which Datanets
 * there are; of those it has to do with it keeps the book, from the chain, gossip and comparing notes. Validators
 * vote, the host anchors.
 */
export function createDataService(deps: DataDeps): DataService {
  const { clock, events, gossip, log, peers, self, streams } = deps
  const timing = { ...defaultTiming, ...deps.timing }
  const metrics = createDataMetrics(deps.metrics)
  const stopping = new AbortController()
  const startedAt = clock.now()
  const book = createBook(deps)
  const interest = createInterest(deps, book, {
    hear: (datanet, message, from) => receiver.hear(message, from, datanet),
    joined: datanet => {
      void join(datanet)
    },
    left: leave
  })
  const made = createMade(book)
  const termsHeard = createTermsHeard(deps, book, interest)
  const follows = (datanet: Hex): boolean => interest.has(datanet)
  const rosters = createRosters(deps.chain)
  const holdings = createHoldings(deps.store, deps.files)
  const allowances = createAllowances(book)
  const sealed = createSealed(deps)
  const document = (datanet: Hex): Promise<DatanetDocument> => notes.document(datanet)
  const privacy = createPrivacy(deps, book, rosters, document, stopping.signal)
  const shards = createShards(
    deps,
    timing,
    book,
    allowances,
    holdings,
    rosters,
    ({ id }) => sealed.hiddenFrom(id),
    follows,
    privacy,
    stopping.signal
  )
  const keeping = createKeeping(deps, book, holdings, rosters, () => interest.all(), stopping.signal)
  const spare = createSpare(deps, deps.storage ?? defaultStorage, book, holdings, follows, stopping.signal)
  const receiver = createReceiver(deps, book, startedAt, {
    changed,
    decided,
    left,
    overturned: ({ datanet }) => beginAnew(datanet, async () => undefined),
    follows,
    async datanet(datanet, document) {
      made.note(datanet, document)
      await interest.known(datanet, document)
      await termsHeard.settle(datanet)
    },
    revealed: record => {
      void warm(record.datanet, record)
    },
    doubleVote: () => {
      void reports.run()
    }
  })
  const notes = createNotes(deps, interest, metrics, book, receiver, stopping.signal)
  const reports = createReports(deps, book)
  const told = createTold(deps, book, (...one) => shards.check(...one), stopping.signal)
  const turns = createTurns(
    deps,
    timing,
    startedAt,
    book,
    allowances,
    shards,
    receiver,
    told,
    follows,
    decided,
    privacy
  )
  const sealing = createSealing(deps, privacy)
  const contributing = createContributing(deps, book, allowances, holdings, receiver, notes, rosters, interest, sealing)
  const { automation: returning, ...bonds } = createBondKeeping(deps, timing.anchorMs, book, rosters)
  const shown = createShown(book, shards, rosters)
  const sees = createSees(deps, book, rosters, allowances, sealed, told, document, ({ datanet, index }) => {
    turns.revisit(datanet, index)
  })
  const serving = createServing(deps, timing.juryMs, book, interest, shards, () => turns.policy(), sees)
  const juryNews = createJuryNews(deps, {
    changed,
    closed: id => receiver.judged(id),
    wake: () => {
      serving.wake()
    }
  })
  const previews = createPreviews(deps, book, allowances, shards, notes, rosters, interest, privacy)
  const withdrawing = createWithdrawing(deps, book, holdings, contributing, receiver)
  const seals = createSeals(deps, timing, book, notes, rosters, sees.taken, stopping.signal)
  const parents = createParents(deps, shards, document)
  const versions = createVersions(deps, book, shards, rosters, seals, document, parents, holdings, follows, sees.taken)
  const { hide, letEmptiedGo, letGo, letLeftGo, letRefusedGo } = createLeaving(
    deps,
    book,
    holdings,
    privacy,
    () => interest.all(),
    versions.manifest
  )
  const hosting = createHosting(deps, book, rosters, receiver)
  const mixing = createMixing(book, interest, rosters, hosting, parents, versions)
  const anchoring = createAnchoring(deps, timing.anchorMs, book, interest, versions)
  const seating = createSeating(deps, timing.anchorMs, book, interest, rosters)
  const lists = createLists(deps, book, interest, rosters, notes)
  const judging = createJudging(deps, {
    document,
    manifest: versions.manifest,
    founders: async datanet => (await shards.heldOut(datanet)).rows,
    checkMix: datanet => parents.check(datanet)
  })
  const questions = createQuestions(deps, sealed, judging, shards, shown, rosters, document)
  const isKnownWriter = createIsKnownWriter(deps.chain, book)
  const relaying = createRelaying(deps, sealed, document, isKnownWriter)
  const opening = createOpening(deps, timing.anchorMs, book, interest, rosters, sealed, questions, isKnownWriter, () =>
    turns.policy()
  )
  const commitments = createCommitments(deps, book, {
    changed,
    follows,
    dropping: ({ datanet }, drop) => beginAnew(datanet, drop),
    async seated(datanet, validators) {
      if (validators.includes(self)) {
        await interest.seated(datanet)
        await lookAgain(datanet)
      }
      turns.wake(datanet)
    },
    missing: datanet => {
      void book.listing(datanet).then(listing => {
        if (listing !== undefined && listing.host !== self) notes.pullQuietly(listing.host)
      })
    },
    committed: id => receiver.unpark(id),
    terms: (event, back) => termsHeard.happened(event, back)
  })
  const offs: (() => unknown)[] = []
  const joining = new Set<Hex>() // of those followed
  let healed = 0

  function changed(datanet: Hex): void {
    turns.wake(datanet)
  }

  /** Who is seated in a private Datanet has passed by what it could not read, and reads it now. */
  async function lookAgain(datanet: Hex): Promise<void> {
    if ((await book.datanet(datanet))?.document.rules.private === undefined) return
    await book.serially(async () => {
      // Also where nothing is looked at yet, since this node has just started, and should it be killed now.
      await book.pass(datanet, 0)
      turns.revisit(datanet, 1)
    })
  }

  /** Fetches ahead what the checks will need, where this node runs them. */
  async function warm(datanet: Hex, record?: ContributionRecord): Promise<void> {
    const net = (await book.datanet(datanet))?.document
    if (net !== undefined && (await turns.judges(net, datanet))) shards.warm(datanet, record)
  }

  /**
   * What was said before a Datanet was followed: its commitments from the chain, all else from those who were there.
   */
  async function catchUp(datanet: Hex): Promise<void> {
    const document = await notes.document(datanet)
    await receiver.confirm(document)
    await interest.known(datanet, document)
    await warm(datanet)
    await commitments.catchUp(datanet, stopping.signal)
    turns.wake(datanet)
    for (const peer of interest.peersIn(datanet).slice(0, 3)) notes.pullQuietly(peer)
  }
  async function join(datanet: Hex): Promise<void> {
    if (joining.has(datanet) || stopping.signal.aborted) return
    joining.add(datanet)
    try {
      await catchUp(datanet)
    } catch (error) {
      if (error instanceof DataError && error.code === 'datanet.roster') {
        log.warn("a Datanet's validators on chain are not those of its rules: it is not followed", { datanet })
        for (const role of interest.roles(datanet)) await interest.end(datanet, role)
      } else log.info('a Datanet is not caught up with yet; it is tried again', { datanet, error })
    } finally {
      joining.delete(datanet)
    }
  }

  /** Datanets of which something is missing here that the chain has: not caught up with, or lost from the disk. */
  async function heal(): Promise<void> {
    const all = interest.all()
    for (const datanet of all.slice(healed, healed + healedAtOnce)) {
      const listing = await book.listing(datanet)
      const { contributions, passed } = await book.progress(datanet)
      const there = listing?.commitments ?? 0
      const hole = there > passed && (await book.at(datanet, passed + 1)) === undefined
      if ((await book.datanet(datanet)) === undefined || contributions < there || hole) void join(datanet)
    }
    healed = healed + healedAtOnce >= all.length ? 0 : healed + healedAtOnce
  }

  async function leave(datanet: Hex): Promise<void> {
    await turns.leave(datanet)
    await shards.forget(datanet, async () => undefined)
    await book.serially(async () => {
      for await (const record of book.drop(datanet)) await letGo(record)
    })
    const document = (await book.datanet(datanet))?.document
    if (document !== undefined) await holdings.release(document.rules.heldOut, `questions/${datanet}`)
    await holdings.releaseImported(datanet)
    for (let from = 1; ;) {
      const versions = await book.versions(datanet, from, 64)
      for (const { cid } of versions) await holdings.release(cid, `version/${datanet}`)
      if (versions.length < 64) break
      from += versions.length
    }
  }

  async function decided(record: ContributionRecord): Promise<void> {
    const status = record.state.name
    if (status !== 'accepted' && status !== 'rejected' && status !== 'expired') return
    const { reason } = await contributionView(book, record)
    metrics.decided(status)
    events.emit('data.decided', {
      datanet: record.datanet,
      contribution: record.id,
      status,
      ...(reason === undefined ? {} : { reason })
    })
    // What was not accepted is nobody's to keep; who brought it in does while its rejection can be challenged.
    const mayReturn = status === 'rejected' && !isJuried(record.state) && isBroughtBy(self, record)
    if (status !== 'accepted' && !mayReturn) await letGo(record)
    else if ((await book.removed(record.id)) === 'taken-down') await hide(record)
    else seals.accepted(record.id)
    turns.revisit(record.datanet, record.index)
    anchoring?.wake()
  }
  /** What was taken down goes at once; what was withdrawn, when a version stands without it that jobs can use. */
  async function left(record: ContributionRecord): Promise<void> {
    if ((await book.removed(record.id)) === 'taken-down') await hide(record)
    anchoring?.wake()
  }
  /**
   * Which rows are accepted is otherwise than it was: what later ones are compared with is gathered anew. Within what
   * the book does in turn, so that nothing is passed meanwhile as it stood before.
   */
  async function beginAnew<T>(datanet: Hex, change: () => Promise<T>): Promise<T> {
    // Whoever is killed now, or waits for what comes before something, begins at the first one again.
    await book.pass(datanet, 0)
    const done = await shards.forget(datanet, change)
    turns.revisit(datanet, 1)
    return done
  }

  /** What the owner has chosen to follow, once it is known under that name. */
  async function followChosen(): Promise<void> {
    for (const wanted of deps.follow ?? []) {
      const found = await lists.findDatanet(wanted).catch((error: unknown) => {
        log.debug('a Datanet to follow is not known yet', { wanted, error })
      })
      if (found !== undefined) await interest.take(found.id, 'choice')
    }
  }

  return {
    name: 'data',
    async start() {
      await book.load()
      await made.load()
      offs.push(streams.handle('/tilth/data/sync/1', stream => serveSync(stream, book)))
      offs.push(streams.handle('/tilth/data/seal/1', stream => seals.serve(stream)))
      offs.push(streams.handle('/tilth/data/hidden/1', stream => told.serve(stream)))
      offs.push(streams.handle('/tilth/data/keys/1', stream => privacy.serve(stream)))
      offs.push(
        gossip.subscribe('tilth/data/1', datanetMessage, (message, { peerId }) => receiver.hear(message, peerId))
      )
      await interest.start()
      offs.push(await hearQuestions(deps, interest, () => opening?.wake()))
      await commitments.start()
      await juryNews.start()
      for (const datanet of interest.all()) turns.wake(datanet)
      offs.push(
        peers.on('connect', ({ peerId }) => {
          notes.pullQuietly(peerId)
        })
      )
      for (const { peerId } of peers.connected()) notes.pullQuietly(peerId)
      offs.push(
        clock.every(timing.syncMs, async () => {
          await followChosen()
          await heal()
          notes.round()
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
      offs.push(clock.every(timing.syncMs, () => reports.run()))
      offs.push(
        clock.every(
          timing.spareMs,
          () => contributing.tidy(),
          error => {
            log.warn('shards prepared long ago could not be let go', { error })
          }
        )
      )
      offs.push(
        clock.every(
          timing.spareMs,
          async () => {
            await letRefusedGo()
            await letEmptiedGo()
            await keeping.round()
            await spare.round()
          },
          error => {
            log.warn('spare room could not be lent', { error })
          }
        )
      )
      offs.push(
        events.on('data.version', ({ datanet, version }) => {
          letLeftGo(datanet, version).catch((error: unknown) => {
            log.debug('what has left is let go with a later version', { datanet, version, error })
          })
        })
      )
      anchoring?.start()
      seating?.start()
      serving.automation?.start()
      opening?.start()
      returning?.start()
      log.info('data service started', { datanets: interest.all().length, self })
    },
    async stop() {
      stopping.abort(new TilthError('data.stopped', 'the data service is stopping'))
      await anchoring?.stop()
      await seating?.stop()
      await serving.automation?.stop()
      await opening?.stop()
      await returning?.stop()
      interest.stop()
      for (const off of offs.splice(0)) await off()
      await commitments.stop()
      await juryNews.stop()
      await turns.stop()
      await notes.idle()
      await book.serially(async () => undefined)
    },
    createDatanet: hosting.createDatanet,
    ...mixing,
    mixesOf: datanet => made.of(datanet),
    ...lists,
    ...createPapers(deps, book, holdings),
    datanet: id => datanetView(book, rosters, id, interest.roles(id)),
    ...createAmending(deps, book, document),
    ...questions,
    ...judging,
    ...relaying,
    ...privacy.service,
    async follow(datanet, role = 'choice') {
      await notes.document(datanet)
      await interest.take(datanet, role)
    },
    followed: () => interest.all().map(id => ({ id, roles: interest.roles(id) })),
    async unfollow(datanet, role = 'choice') {
      await interest.end(datanet, role)
      // A version can be read from a file without following.
      if (role === 'choice' && !follows(datanet)) await holdings.releaseImported(datanet)
    },
    heldOutRows: async datanet => {
      const { rules } = await document(datanet)
      if (rules.parents === undefined) return (await shards.heldOut(datanet)).rows
      await parents.check(datanet)
      return questionsOf(await parents.questions(rules.parents))
    },
    prepare: request => contributing.prepare(request),
    submit: async signed => {
      const done = await contributing.submit(signed)
      log.info('contributed', { contribution: done.id, index: done.index })
      return done
    },
    contribute: request => contributing.contribute(request),
    unsent: () => contributing.unsent(),
    confirm: (id, mostBond) => contributing.confirm(id, mostBond),
    ...bonds,
    ...previews,
    ...withdrawing,
    ...createTakingDown(deps, book, rosters, shown, receiver),
    ...createChallenging(deps, shown, sealed),
    jury: serving.jury,
    serve: serving.serve,
    juryVote: serving.juryVote,
    vote: (id, accept, reason, holdMs) => turns.vote(id, accept, reason, holdMs),
    unvote: id => turns.unvote(id),
    ...createReview(book, shards, shown, interest, rosters, startedAt),
    ...createRows(book, shards, rosters, interest, notes, versions.manifest, privacy),
    ...createRefused(deps.files, book, shards, shown),
    ...createVotes(deps, book, shown, startedAt),
    votePolicy: () => turns.policy(),
    setVotePolicy: policy => turns.setPolicy(policy),
    ...versions,
    ...createArchive(deps, book, holdings, rosters, { manifest: versions.manifest, document }),
    ...createNearest(book, shards, rosters, { manifest: versions.manifest, document }),
    sync: peer => notes.pull(peer)
  }
}
