import {
  RowIndex,
  checkAllowance,
  checkSteps,
  heldOutSteps,
  mostHeldOutWords,
  outcomeOf,
  ownRows,
  parseShard,
  patienceMs,
  sealedShardBytes,
  previewSteps
} from '../../../protocol/data/index.ts'
import type {
  CheckInput,
  ContributionState,
  ContributionStatements,
  DatanetDocument,
  DatanetRules,
  HeldOut,
  Row,
  ShardLine,
  UploadContext,
  Verdict
} from '../../../protocol/data/index.ts'
import { InvalidError, TilthError, anySignal, contentHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createCache, createQueue } from '../../runtime/index.ts'
import { createBonded } from '../bonds.ts'
import type { Allowances } from '../allowances.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps, DataTiming } from '../deps.ts'
import type { ContributionRecord } from '../book/index.ts'
import type { FetchOptions } from '../../transport/types.ts'
import { hostOf } from '../rosters.ts'
import type { Privacy } from '../private/index.ts'
import type { Rosters } from '../rosters.ts'
import type { Holdings } from '../storage/index.ts'
import { createAttention } from './attention.ts'
import { createAcceptedRows } from './rows.ts'
import { inSlices } from './slices.ts'
import { askedFirst } from './spreading.ts'
import type { NearRow } from './rows.ts'

const mostHeldOutBytes = 16 << 20
/** Held-out questions in memory, of as many Datanets, and of so many words. */
const heldOutKept = 16
const heldOutWordsKept = mostHeldOutWords * 1.5
/**
 * Fetches ahead that run at once, and that may wait: shards can be large, and anybody may contribute. Many that nobody
 * has are looked for side by side, so that they do not wait for one another.
 */
const aheadOf = { name: 'shards fetched ahead', concurrency: 8, bound: 256 }
/** Before what did not come is looked for again, twice as long each time; and of how many that is done at once. */
const againMs = 2_000
const mostAgain = 64
/** How soon something must come of a shard that was away for so long that its turn is lost without it. */
const lastTryMs = 2_000
/** How often it is looked whether it has. */
const lookMs = 200
/**
 * Most time in which nothing comes of who is asked alone for a shard, and parts of one try and of what is left of the
 * patience that it is at most: whoever is silent leaves most of both to others.
 */
const aloneMs = { most: 5_000, ofTry: 5, ofLeft: 4, ofPatience: 8, least: 750 } as const
/** Shards of which is remembered that who was asked alone did not give them. */
const mostInVain = 4_096
/** Accepted rows, of the newest, that a row is compared with for people. */
const mostCompared = 20_000
/** Shards kept as their lines while people read on in them, none larger than this. */
const readKept = 2
const mostReadBytes = 16 << 20
/** A place after all that anybody has. */
const lastOrder = Number.MAX_SAFE_INTEGER - 1

const faultOf = (error: unknown): 'too-large' | 'not-a-file' | undefined =>
  error instanceof TilthError
    ? ({ 'files.too-large': 'too-large', 'files.cid': 'not-a-file', 'files.not-file': 'not-a-file' } as const)[
        error.code as 'files.cid'
      ]
    : undefined

type Voting = ContributionRecord & { readonly state: Extract<ContributionState, { name: 'voting' }> }
const isVoting = (record: ContributionRecord): record is Voting => record.state.name === 'voting'

/** A shard that was accepted, with whose it is. */
export interface ShardName {
  readonly contribution: Hex
  readonly contributor: Address
  readonly cid: string
  readonly provider: Address | undefined
  /** In a mix: the parent that it is of. */
  readonly datanet: Hex
}

/** Shards, held-out questions and the index of accepted rows of the Datanets followed: what the checks are run on. */
export interface Shards {
  heldOut(datanet: Hex): Promise<HeldOut>
  /** Lines of a shard that was accepted. @throws InvalidError `datanet.private` · as files.fetchBytes */
  linesOf(net: DatanetDocument, shard: ShardName): Promise<ShardLine[]>
  /**
   * Runs the checks as they stand in the order of authorship.
   * @param hidden rows that validators found to ask a sealed question
   * @throws as files.fetchBytes when the shard is not to be had
   */
  check(record: ContributionRecord, statements: ContributionStatements, hidden?: ReadonlySet<number>): Promise<Verdict>
  /** Runs the same checks on a file of an account's that may become its next contribution. */
  preview(datanet: Hex, file: Uint8Array, uploads: number, context?: UploadContext): Promise<Verdict>
  /**
   * Puts an accepted contribution's own rows into the index, once.
   * @returns false when this node does not know which they are
   */
  index(record: ContributionRecord): Promise<boolean>
  /** The accepted row nearest to each of these, for people to compare. */
  nearest(datanet: Hex, rows: readonly Row[]): Promise<(NearRow | undefined)[]>
  /** Fetches ahead of its turn what the checks will need: again and again for as long as a shard may be away. */
  warm(datanet: Hex, record?: ContributionRecord): void
  /** Begins the index of its accepted rows anew. @param change what makes them others: no check outlasts it */
  forget<T>(datanet: Hex, change: () => Promise<T>): Promise<T>
}

export function createShards(
  deps: Pick<DataDeps, 'chain' | 'clock' | 'network' | 'files' | 'log' | 'self' | 'store' | 'metrics'>,
  timing: Pick<DataTiming, 'fetchMs'>,
  book: Book,
  allowances: Allowances,
  holdings: Holdings,
  rosters: Pick<Rosters, 'deciding' | 'sitting'>,
  hidden: (record: ContributionRecord) => Promise<readonly Row[]>,
  follows: (datanet: Hex) => boolean,
  privacy: Pick<Privacy, 'rowsOf' | 'mustRead'>,
  stopping: AbortSignal
): Shards {
  const { clock, network, files, log, self } = deps
  const bonded = createBonded(deps.chain)
  const attention = createAttention(clock, stopping)
  const queue = createQueue({ ...aheadOf, metrics: deps.metrics })
  const heldOut = createCache<Hex, HeldOut>({
    max: heldOutKept,
    weight: { of: ({ words }) => words, most: heldOutWordsKept }
  })
  /** Those that are being read, by whoever asks first. */
  const reading = new Map<Hex, Promise<HeldOut>>()
  const read = createCache<string, ShardLine[]>({ max: readKept })
  const accepted = createAcceptedRows(deps.store)
  /** CIDs that did not come while some were asked alone. */
  const inVain = createCache<string, true>({ max: mostInVain })
  /** Shards that will be looked for again ahead of their turn. */
  let again = 0
  /** How often an index of accepted rows was begun anew, or was done with that; and how many are at it. */
  let [forgets, forgetting] = [0, 0]
  /** Which rows are accepted may be otherwise since something began. @throws TilthError `rows.forgotten` */
  function requireSame(since: number): void {
    if (since !== forgets || forgetting > 0)
      throw new TilthError('rows.forgotten', 'the index of accepted rows was begun anew meanwhile', {
        consequence: 'retry'
      })
  }

  const must = async (datanet: Hex): Promise<DatanetDocument> => {
    const net = (await book.datanet(datanet))?.document
    if (net === undefined) throw new TilthError('datanet.unknown', 'this Datanet is not known here yet')
    return net
  }
  const sitting = async (datanet: Hex): Promise<DatanetDocument> => rosters.sitting(datanet, await must(datanet))
  /** By the rules that a contribution is judged by. */
  const judging = async ({ datanet, id }: ContributionRecord): Promise<DatanetDocument> =>
    rosters.deciding(id, await must(datanet))
  /** Who should have it: who revealed it, the contributor's node, the host, the validators who have checked it. */
  const providers = (net: DatanetDocument, ...first: (Address | undefined)[]): Address[] =>
    [...new Set([...first, hostOf(net), ...net.rules.validators.slice(0, 5).map(({ address }) => address)])].filter(
      one => one !== undefined && one !== self
    ) as Address[]
  /** Those who should have a shard. Who revealed it says so itself, and nobody has signed that. */
  const holders = (net: DatanetDocument, { provider, contributor }: ContributionRecord): Address[] =>
    providers(net, provider, contributor)
  async function fetch(
    cid: string,
    maxBytes: number,
    from: Address[],
    keeps: boolean,
    more: Pick<FetchOptions, 'first' | 'onBytes' | 'signal'> = {}
  ): Promise<Uint8Array> {
    const late = AbortSignal.timeout(timing.fetchMs)
    const signal = anySignal([stopping, late, ...(more.signal ? [more.signal] : [])])
    try {
      return await files.fetchBytes(cid, { maxBytes, providers: from, pin: keeps, ...more, signal })
    } catch (error) {
      if (more.first !== undefined) inVain.set(cid, true)
      throw error
    }
  }

  /**
   * Those who are asked for a shard before everybody is: at the first try only, so that one who gives nothing, or a
   * little now and then, costs no more than that; and everybody at once where time is short.
   */
  const alone = (
    net: DatanetDocument,
    { cid, bytes }: { readonly cid: string; readonly bytes: number },
    author: Address | undefined,
    left = patienceMs(net.rules, bytes)
  ): Pick<FetchOptions, 'first'> => {
    if (left <= lastTryMs || inVain.get(cid) !== undefined) return {}
    const seats = net.rules.validators.map(({ address }) => address)
    const eachMs = Math.min(
      aloneMs.most,
      Math.max(aloneMs.least, patienceMs(net.rules, bytes) / aloneMs.ofPatience),
      timing.fetchMs / aloneMs.ofTry,
      left / aloneMs.ofLeft
    )
    return { first: { peers: askedFirst(cid, author, seats, self), eachMs } }
  }
  /** The same for a contribution's. Anybody may have named who has it: a stranger is not waited for. */
  const aloneFor = (
    net: DatanetDocument,
    { id, provider, contributor }: ContributionRecord,
    shard: { readonly cid: string; readonly bytes: number }
  ): Pick<FetchOptions, 'first'> => {
    const sits = net.rules.validators.some(({ address }) => address === provider)
    const left = patienceMs(net.rules, shard.bytes) - attention.since(id)
    return alone(net, shard, sits ? provider : contributor, left)
  }

  /**
   * Fetches a shard whose turn it is. One that was away for long loses its turn, whosever fault it is, for it holds up
   * all that come after it: at once if nothing comes of it, and if something does, once it had its turn for as long.
   * Only time counts in which this node could look for it.
   */
  async function fetchInTurn(record: Voting, net: DatanetDocument, size: number): Promise<Uint8Array | 'unavailable'> {
    const { message } = record.state.statements.reveal
    const patience = patienceMs(net.rules, message.bytes)
    const turn = `${record.id} turn` as const
    attention.since(turn)
    const left = patience - attention.since(record.id)
    const until = attention.spent() + Math.max(lastTryMs, left)
    const asked = aloneFor(net, record, message)
    const half = attention.spent() + left / 2
    let came = false
    const silence = new AbortController()
    const stopLooking = clock.every(lookMs, () => {
      if (!came && attention.spent() >= until)
        silence.abort(new TilthError('shard.silent', 'nothing comes of this shard'))
      // Where windows are short a whole try is all the time there is: everybody has half of it.
      else if (asked.first !== undefined && attention.spent() >= half)
        silence.abort(new TilthError('shard.silent', 'too little comes of this shard', { consequence: 'retry' }))
    })
    try {
      return await fetch(message.cid, size, holders(net, record), true, {
        ...asked,
        signal: silence.signal,
        onBytes: () => {
          came = true
        }
      })
    } catch (error) {
      const isLate = attention.since(came ? turn : record.id) >= patience
      if (faultOf(error) !== undefined || stopping.aborted || !isLate) throw error
      return 'unavailable'
    } finally {
      stopLooking()
    }
  }

  /** The shard of a file. One whose key nobody gives for as long as a shard is waited for loses its turn as well. */
  async function opened(
    net: DatanetDocument,
    record: ContributionRecord,
    file: Uint8Array
  ): Promise<CheckInput['shard']> {
    const { id: contribution, datanet, contributor, state } = record
    const rows = await privacy.rowsOf(net, { contribution, datanet, contributor }, file)
    if (rows !== undefined) return rows
    if (isVoting(record) && attention.since(contribution) >= patienceMs(net.rules, file.length)) return 'no-key'
    throw new TilthError('shard.no-key', 'nobody has given the key to this shard yet', {
      consequence: 'retry',
      details: { contribution, state: state.name }
    })
  }

  const shardOf = (
    net: DatanetDocument,
    record: ContributionRecord,
    statements: ContributionStatements
  ): Promise<CheckInput['shard']> => attention.during(() => foundShard(net, record, statements))

  async function foundShard(
    net: DatanetDocument,
    record: ContributionRecord,
    { reveal }: ContributionStatements
  ): Promise<CheckInput['shard']> {
    attention.since(record.id)
    const { cid, bytes, contribution } = reveal.message
    // What its contributor took back is not asked for again by the node that brought it in.
    if (await book.withdrawn.has(contribution))
      throw new InvalidError('contribution.withdrawn', 'this contribution was taken back here', {
        consequence: 'ignore'
      })
    try {
      const size = Math.min(bytes, net.rules.maxBytes)
      await holdings.hold(cid, `contribution/${contribution}`, size)
      const file = isVoting(record)
        ? await fetchInTurn(record, net, size)
        : await fetch(cid, size, holders(net, record), true, aloneFor(net, record, reveal.message))
      return typeof file === 'string' ? file : await opened(net, record, file)
    } catch (error) {
      // What the CID holds is the contributor's doing; that nobody has it now is not told from the network's.
      const fault = faultOf(error)
      if (fault === undefined) throw error
      return fault
    }
  }

  /** What was accepted before and is like a row of this shard, as far as it could be one. */
  async function likeRows(datanet: Hex, rules: DatanetRules, shard: Uint8Array | string): Promise<RowIndex> {
    const { maxRows, maxBytes, nearDuplicate } = rules
    const rows: Row[] =
      typeof shard === 'string' || shard.length > maxBytes
        ? []
        : parseShard(shard, maxRows).flatMap(line => ('row' in line ? [line.row] : []))
    return rows.length > maxRows ? new RowIndex(nearDuplicate) : accepted.like(datanet, rows, nearDuplicate)
  }

  async function readHeldOut(datanet: Hex): Promise<HeldOut> {
    const net = await sitting(datanet)
    const keeps = follows(datanet)
    if (keeps) await holdings.hold(net.rules.heldOut, `questions/${datanet}`, 0)
    const questions = { cid: net.rules.heldOut, bytes: 0 }
    const bytes = await fetch(
      questions.cid,
      mostHeldOutBytes,
      providers(net),
      keeps,
      alone(net, questions, hostOf(net))
    )
    const read = await inSlices(heldOutSteps(bytes))
    heldOut.set(datanet, read)
    return read
  }

  /** The founder's questions, and those that are sealed to this validator: which of them a row asks nobody is told. */
  async function questionsFor(record: ContributionRecord): Promise<HeldOut> {
    const [founders, sealed] = [await shards.heldOut(record.datanet), await hidden(record)]
    return sealed.length === 0 ? founders : founders.beside(sealed)
  }

  /** Runs it ahead of its turn; what did not come may come a little later, whosever fault it was. */
  async function ahead(
    datanet: Hex,
    record: ContributionRecord | undefined,
    task: () => Promise<unknown>
  ): Promise<void> {
    const isWaiting = async (): Promise<boolean> => {
      const known = record === undefined ? undefined : await book.contribution(record.id)
      if (known?.state.name !== 'revealed' || stopping.aborted) return false
      const { bytes } = known.state.statements.reveal.message
      return attention.since(known.id) < patienceMs((await judging(known)).rules, bytes)
    }
    if (record !== undefined) attention.since(record.id)
    try {
      for (let pause = againMs; ; pause *= 2) {
        try {
          await queue.run(contentHash([datanet, record?.index ?? 0]), task)
          return
        } catch (error) {
          log.debug('nothing fetched ahead', { datanet, error })
        }
        if (again >= mostAgain || !(await isWaiting())) return
        again++
        await clock.sleep(pause, stopping).finally(() => {
          again--
        })
      }
    } catch (error) {
      log.debug('nothing is fetched ahead any more', { datanet, error })
    }
  }

  const shards: Shards = {
    async heldOut(datanet) {
      const known = heldOut.get(datanet)
      if (known !== undefined) return known
      const before = reading.get(datanet)
      if (before !== undefined) return before
      const mine = readHeldOut(datanet).finally(() => reading.delete(datanet))
      reading.set(datanet, mine)
      return mine
    },
    async linesOf(net, { cid, provider, ...locked }) {
      // A private one may have been encrypted for somebody else under the same CID: it is named by whose it is as well.
      const name = net.rules.private === undefined ? cid : locked.contribution
      await privacy.mustRead(net, locked)
      const known = read.get(name)
      if (known !== undefined) return known
      const file = await fetch(cid, net.rules.maxBytes, providers(net, provider), await holdings.held(cid))
      const bytes = await privacy.rowsOf(net, locked, file)
      if (bytes === undefined || bytes === 'not-opened')
        throw new TilthError('shard.no-key', 'nobody has given the key to this shard yet', { consequence: 'retry' })
      const lines = parseShard(bytes)
      if (bytes.length <= mostReadBytes) read.set(name, lines)
      return lines
    },
    async check(record, statements, told) {
      const since = forgets
      const net = await judging(record)
      const questions = await questionsFor(record)
      const uploads = await allowances.uploads(record, net.rules)
      const context = await allowances.context(record, net.rules)
      // Who is beyond an allowance is refused for that: the shard is not fetched.
      const { code } = checkAllowance(net.rules, uploads, context, statements.reveal.message)
      const shard = code === 'ok' ? await shardOf(net, record, statements) : new Uint8Array()
      const earlier = await likeRows(record.datanet, net.rules, shard)
      const verdict = await inSlices(
        checkSteps({
          network,
          statements,
          shard,
          rules: net.rules,
          heldOut: questions,
          earlier,
          order: record.index,
          uploads,
          ...(told === undefined ? {} : { hidden: told }),
          ...(net.rules.private === undefined ? {} : { added: sealedShardBytes }),
          ...(context === undefined ? {} : { context })
        })
      )
      requireSame(since)
      return verdict
    },
    async preview(datanet, shard, uploads, context) {
      const { rules } = await sitting(datanet)
      const questions = await shards.heldOut(datanet)
      const earlier = await likeRows(datanet, rules, shard)
      // It would stand after all that is there.
      const added = rules.private === undefined ? {} : { added: sealedShardBytes }
      const input = { shard, rules, heldOut: questions, earlier, order: lastOrder, uploads, ...added }
      return inSlices(previewSteps(context === undefined ? input : { ...input, context }))
    },
    async index(record) {
      const { id, datanet, index, state } = record
      if (state.name !== 'accepted' || (await accepted.has(datanet, id))) return true
      const since = forgets
      const verdict = await book.verdict(id)
      const { cid } = state.statements.reveal.message
      const own = verdict === undefined ? [] : ownRows(verdict)
      if (verdict === undefined || outcomeOf({ contribution: id, cid, own }, true) !== state.certificate.outcome)
        return false
      const { contributor, provider } = record
      const lines = await shards.linesOf(await judging(record), {
        contribution: id,
        contributor,
        cid,
        provider,
        datanet
      })
      const rows = own.flatMap(row => {
        const line = lines[row]
        return line !== undefined && 'row' in line ? [[row, line.row] as const] : []
      })
      requireSame(since)
      await accepted.add(datanet, { contribution: id, order: index }, rows)
      return true
    },
    nearest: (datanet, rows) => accepted.nearest(datanet, rows, mostCompared),
    warm(datanet, record) {
      const task = async (): Promise<unknown> => {
        if (record === undefined) return shards.heldOut(datanet)
        if (!('statements' in record.state) || record.state.statements === undefined) return undefined
        const net = await judging(record)
        const { reveal } = record.state.statements
        // What lacks its bond is nobody's work: gas alone has nobody fetch anything.
        if (!(await bonded(record.id, net.rules))) return undefined
        const { code } = await allowances.find(record, net.rules, reveal.message)
        return code === 'ok' ? shardOf(net, record, record.state.statements) : undefined
      }
      void attention.during(() => ahead(datanet, record, task))
    },
    async forget(datanet, change) {
      heldOut.delete(datanet)
      forgets++
      forgetting++
      try {
        await accepted.forget(datanet)
        return await change()
      } finally {
        forgets++
        forgetting--
      }
    }
  }
  return shards
}
