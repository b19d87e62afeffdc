import { digest, signStatement } from '../../../protocol/crypto/index.ts'
import { abstention, isUnread, outcomeOf, ownRows } from '../../../protocol/data/index.ts'
import type { ContributionStatements, Said, Verdict } from '../../../protocol/data/index.ts'
import { InvalidError, toHex } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { TrialRecord } from '../../chain/types.ts'
import { refusedWith } from '../../chain/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { Automation, Plan } from '../../runtime/index.ts'
import { nameOf } from '../book/index.ts'
import type { Book, ContributionRecord } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Interest } from '../interest/index.ts'
import type { VotePolicy } from '../types.ts'
import type { Shards } from '../validator/index.ts'
import type { JuryItem, JuryService } from './types.ts'
import type { JurorSees } from './sees.ts'
import { packRows } from './taken.ts'
import { openTrials } from './words.ts'
import { challengeView, stepOf } from './views.ts'

/** Trials of which is remembered that this node sat on them. */
const mostServed = 256

export interface Serving extends Pick<JuryService, 'jury' | 'serve' | 'juryVote'> {
  readonly automation: Automation | undefined
  /** The chain told something of a trial. */
  wake(): void
}

/** Whether a verdict takes the rows that the roster took. */
const isWhatWasAccepted = (trial: TrialRecord, { reveal }: ContributionStatements, verdict: Verdict): boolean => {
  const { cid, contribution } = reveal.message
  return trial.accepted && outcomeOf({ contribution, cid, own: ownRows(verdict) }, true) === trial.outcome
}

/**
 * The juror's side: whoever was drawn follows the Datanet, checks the contribution as a validator would, commits to a
 * vote, shows it, and closes the trial; and says who was absent. What it does follows from the chain and its own
 * record of its vote, so a node that was killed goes on where it was.
 */
export function createServing(
  deps: Pick<DataDeps, 'automations' | 'chain' | 'clock' | 'jury' | 'key' | 'log' | 'network' | 'self'>,
  everyMs: number,
  book: Book,
  interest: Pick<Interest, 'all' | 'end' | 'roles' | 'take'>,
  shards: Pick<Shards, 'check'>,
  policy: () => Promise<VotePolicy>,
  sees: Pick<JurorSees, 'isBarred' | 'learn' | 'shut'>
): Serving {
  const { automations, chain, clock, jury: isOn = true, key, log, network, self } = deps
  const { juries, ledger } = chain
  /** Contributions whose juries this node sat on, the last ones: who was absent from them is said. */
  const served = new Set<Hex>() // at most mostServed
  /** Those that were checked with all questions that they were compared with. */
  const looked = createCache<Hex, true>({ max: mostServed })

  /** Chain time, at least as late as the last block says; blocks may be rare. */
  const now = (): bigint => {
    const head = ledger.head()?.timestamp ?? 0n
    const here = BigInt(Math.floor(clock.now() / 1000))
    return head > here ? head : here
  }
  const isMine = ({ jury }: TrialRecord): boolean => jury.includes(self)

  async function statementsOf(id: Hex): Promise<[ContributionRecord, ContributionStatements] | undefined> {
    const record = await book.contribution(id)
    if (record === undefined || !('statements' in record.state) || record.state.statements === undefined)
      return undefined
    return [record, record.state.statements]
  }

  async function lookAt(record: ContributionRecord, statements: ContributionStatements): Promise<Verdict> {
    const verdict = await shards.check(record, statements)
    await book.putVerdict(record.id, verdict)
    return verdict
  }

  /**
   * As the checks find it in its place of the order, once all before it are known here: what it repeats is among them.
   * What was away when its turn came is looked for again. Where it was compared with sealed questions that this node
   * cannot read, it finds an acceptance only if that is what the roster accepted: it takes no row that may ask one.
   */
  async function verdictOf(
    trial: TrialRecord,
    record: ContributionRecord,
    statements: ContributionStatements
  ): Promise<Verdict | undefined> {
    if ((await book.progress(record.datanet)).passed < record.index) return undefined
    const known = await book.verdict(record.id)
    const found = known === undefined || isUnread(known) ? await lookAt(record, statements) : known
    // Whom questions are hidden from finds more rows good, never fewer: a rejection is one whatever they ask.
    if (isUnread(found) || !found.accept || isWhatWasAccepted(trial, statements, found))
      return isUnread(found) ? undefined : found
    if ((await sees.shut(record)) > 0)
      return trial.accepted && (await sees.learn(record, statements, trial.outcome))
        ? book.verdict(record.id)
        : undefined
    // They may have been opened since it was checked.
    const again = looked.get(record.id) === true ? found : await lookAt(record, statements)
    looked.set(record.id, true)
    return isUnread(again) ? undefined : again
  }

  /** Makes this node's vote, once, and keeps it before anybody hears of it. */
  async function make(id: Hex, says: Said, own?: { readonly cid: string; readonly rows: Verdict['rows'] }) {
    const accept = says === true
    const outcome =
      own === undefined || says === 'abstain'
        ? abstention(id)
        : outcomeOf({ contribution: id, cid: own.cid, own: ownRows(own) }, accept)
    const salt = toHex(crypto.getRandomValues(new Uint8Array(32)))
    const message = { contribution: id, validator: self, accept: accept && own !== undefined, outcome, salt }
    const vote = signStatement(network, 'Vote', message, key)
    return book.serially(async () => {
      const known = (await book.juryVotes.get(id))?.vote
      if (known !== undefined) return known
      const taken = message.accept && own !== undefined ? { taken: packRows(ownRows(own)) } : {}
      await book.juryVotes.put(id, { says, vote, ...taken })
      return vote
    })
  }

  /** @returns undefined where this node cannot say yet what it votes */
  async function voteOn(trial: TrialRecord) {
    const { contribution: id, commitEnds } = trial
    const known = await book.juryVotes.get(id)
    if (known?.vote !== undefined) return known.vote
    const found = await statementsOf(id)
    // Who cannot look at it in time is there all the same, and decides nothing.
    const isLast = (commitEnds - now()) * 4n < (await juries.rules()).commitWindow
    if (known?.says === 'abstain') return make(id, 'abstain')
    if (found !== undefined)
      try {
        const [record, statements] = found
        const { cid } = statements.reveal.message
        // What the rules of its place let nobody take is against them, whatever is in it.
        const isJudge = known?.says !== undefined || (await policy()) === 'auto'
        const isThere = (await book.progress(record.datanet)).passed >= record.index
        if (isThere && isJudge && (await sees.isBarred(record))) return await make(id, false, { cid, rows: [] })
        const verdict = await verdictOf(trial, record, statements)
        const says = known?.says ?? ((await policy()) === 'auto' ? verdict?.accept : undefined)
        if (verdict !== undefined && says !== undefined) return await make(id, says, { cid, rows: verdict.rows })
      } catch (error) {
        log.info('a juror could not check a contribution yet', { contribution: id, error })
      }
    return isLast ? make(id, 'abstain') : undefined
  }

  async function commit(trial: TrialRecord): Promise<string> {
    const { contribution: id } = trial
    const vote = await voteOn(trial)
    if (vote === undefined) throw new InvalidError('jury.not-open', 'what it votes on is not there yet')
    await juries.commit(id, digest(network, 'Vote', vote.message))
    return `committed to its vote on ${id}`
  }

  /** What somebody else has done meanwhile is done. */
  async function once(what: string, task: () => Promise<unknown>, ...done: string[]): Promise<string> {
    try {
      await task()
    } catch (error) {
      if (!refusedWith(error, ...(done as Parameters<typeof refusedWith>[1][]))) throw error
    }
    return what
  }

  /** What is due on one trial. */
  async function planOf(trial: TrialRecord): Promise<Plan | undefined> {
    const { contribution: id, jury, candidates, challenger, drawFrom, committed, votes, commitEnds, revealEnds } = trial
    const about = trial.datanet
    const step = stepOf(trial, now())
    if (step === 'drawing') {
      // Whoever could sit, or wants it decided, draws.
      if (challenger !== self && !candidates.includes(self)) return undefined
      const head = ledger.head()?.block ?? 0n
      if (head < drawFrom)
        return { due: false, about, what: `draw the jury of ${id}`, why: 'a later block draws', at: null }
      const what = `draw the jury of ${id}`
      const isOver = head > drawFrom + 256n
      const run = (): Promise<string> =>
        isOver
          ? once(`ended the challenge of ${id}, which nobody drew for`, () => juries.lapse(id), 'NotChallenged')
          : once(`drew the jury of ${id}`, () => juries.draw(id, candidates), 'AlreadyDrawn', 'NotChallenged')
      return { due: true, about, what, run }
    }
    // One that it has no room to follow keeps it from no other.
    if (isMine(trial))
      await follow(trial).catch((error: unknown) => {
        log.warn('a juror cannot follow the Datanet of its trial', { contribution: id, error })
      })
    if (step === 'committing') {
      if (!isMine(trial) || committed.includes(self)) return undefined
      if ((await voteOn(trial)) === undefined) {
        const why = 'its shard is being fetched, or you vote by hand: `tilth jury vote`'
        return { due: false, about, what: `vote on the jury of ${id}`, why, at: Number(commitEnds) * 1000 }
      }
      const what = `commit to a vote on ${id}`
      return {
        due: true,
        about,
        what,
        run: () => once(`committed to a vote on ${id}`, () => commit(trial), 'AlreadyCommitted')
      }
    }
    if (step === 'showing') {
      const vote = (await book.juryVotes.get(id))?.vote
      if (vote === undefined || !committed.includes(self) || votes.some(({ juror }) => juror === self)) return undefined
      const { message, signature } = vote
      return {
        due: true,
        about,
        what: `show the vote on ${id}`,
        run: () => once(`showed its vote on ${id}`, () => juries.reveal(message, signature), 'NotWhatWasCommitted')
      }
    }
    if (challenger !== self && !jury.includes(self)) return undefined
    const what = `close the jury of ${id}`
    // The chain's next block has a time of its own.
    if (votes.length < jury.length && now() < revealEnds)
      return { due: false, about, what, why: 'its jurors show their votes', at: Number(revealEnds) * 1000 }
    return {
      due: true,
      about,
      what,
      run: () => once(`closed the jury of ${id}`, () => juries.close(id), 'NotChallenged')
    }
  }

  async function follow({ contribution, datanet }: TrialRecord): Promise<void> {
    served.add(contribution)
    if (served.size > mostServed) served.delete(served.values().next().value ?? contribution)
    await interest.take(datanet, 'juror')
  }
  /** Datanets that this node followed for a trial that is over, also before it was started. */
  async function leaveOver(asked: ReadonlySet<Hex>): Promise<void> {
    for (const datanet of interest.all())
      if (interest.roles(datanet).includes('juror') && !asked.has(datanet)) await interest.end(datanet, 'juror')
  }

  async function* absences(): AsyncGenerator<Plan> {
    // Those that were closed the chain tells, also after a restart.
    const closed = (await ledger.absentTrials({ limit: mostServed })).items.filter(isMine)
    for (const contribution of new Set([...served, ...closed.map(one => one.contribution)])) {
      const trial = await ledger.trial(contribution)
      if (trial === undefined || now() < trial.revealEnds) continue
      for (const juror of trial.jury) {
        const isThere = trial.votes.some(one => one.juror === juror) || trial.absent.includes(juror)
        if (isThere || juror === self) continue
        yield {
          due: true,
          about: trial.datanet,
          what: `say that ${juror} was absent from the jury of ${contribution}`,
          run: () =>
            once(
              `said that ${juror} was absent from the jury of ${contribution}`,
              () => juries.penaliseAbsent(contribution, juror),
              'NotAbsent'
            )
        }
      }
    }
  }

  async function* plans(): AsyncGenerator<Plan> {
    const asked = new Set<Hex>() // of the open trials those that this node sits on
    for await (const trial of openTrials(ledger)) {
      if (isMine(trial)) asked.add(trial.datanet)
      const plan = await planOf(trial)
      if (plan !== undefined) yield plan
    }
    yield* absences()
    await leaveOver(asked)
  }

  const automation =
    chain.account === undefined ? undefined : automations.add({ name: 'jury', on: isOn, everyMs, plans })

  const serving: Serving = {
    automation,
    wake: () => automation?.wake(),
    async jury() {
      const seats = await juries.jurors()
      const items: JuryItem[] = []
      for await (const trial of openTrials(ledger)) {
        if (!isMine(trial)) continue
        const { contribution, datanet } = trial
        const [net, verdict, mine] = await Promise.all([
          book.datanet(datanet),
          book.verdict(contribution),
          book.juryVotes.get(contribution)
        ])
        items.push({
          ...challengeView(trial, now()),
          datanetName: net === undefined ? datanet : nameOf(net),
          advice: verdict?.accept ?? null,
          vote: mine?.says ?? null
        })
      }
      return { seated: seats.includes(self), seats: seats.length, items }
    },
    async serve(takes) {
      await (takes ? juries.join() : juries.leave())
      return serving.jury()
    },
    async juryVote(contribution, says) {
      const trial = await ledger.trial(contribution)
      if (trial === undefined || !isMine(trial))
        throw new InvalidError('jury.not-drawn', 'this node was not drawn for a jury of that contribution', {
          help: 'What it is asked is listed by: tilth jury.'
        })
      if (stepOf(trial, now()) !== 'committing')
        throw new InvalidError('jury.not-open', 'the time to vote on it is over', {
          help: 'Votes are shown once the jurors have committed.'
        })
      // [reject] Nobody commits to a vote, or shows one, that this node only writes down.
      if (automation === undefined || !isOn)
        throw new InvalidError('jury.off', 'this node does nothing about juries: no vote would be committed to', {
          help: 'Set automation.jury.on to true in its settings, and start it anew.'
        })
      await book.serially(async () => {
        // [reject] What was committed to stays.
        if ((await book.juryVotes.get(contribution))?.vote !== undefined)
          throw new InvalidError('jury.voted', 'this node has voted on it already', {
            help: 'To vote by hand, let this node not vote by itself: tilth review policy manual.'
          })
        await book.juryVotes.put(contribution, { says })
      })
      automation?.wake()
    }
  }
  return serving
}
