import {
  HeldOut,
  RowIndex,
  checkSteps,
  outcomeOf,
  ownRows,
  parseHeldOut,
  parseShard,
  printRow
} from '../../../protocol/data/index.ts'
import type { ContributionStatements, DatanetDocument, ShardLine, Verdict } from '../../../protocol/data/index.ts'
import { TilthError, contentHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createQueue } from '../../runtime/index.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps, DataTiming } from '../deps.ts'
import type { ContributionRecord } from '../book/index.ts'

const mostHeldOutBytes = 16 << 20
/** Fetches ahead that run at once, and that may wait: shards can be large, and anybody may contribute. */
const ahead = { name: 'shards fetched ahead', concurrency: 4, bound: 64 }
/** Rows judged before the process may do something else. */
const slice = 50

/** Shards, held-out questions and the index of accepted rows of every Datanet: what the checks are run on. */
export interface Shards {
  heldOut(datanet: Hex): Promise<HeldOut>
  /** Lines of a shard that was accepted. @throws as files.fetchBytes */
  linesOf(datanet: Hex, cid: string, maxBytes: number, provider: Address | undefined): Promise<ShardLine[]>
  /**
   * Runs the checks as they stand in the order of authorship.
   * @throws as files.fetchBytes when the shard is not to be had
   */
  check(record: ContributionRecord, statements: ContributionStatements): Promise<Verdict>
  /**
   * Puts an accepted contribution's own rows into the index, once.
   * @returns false when this node does not know which they are
   */
  index(id: Hex, record: ContributionRecord): Promise<boolean>
  /** Fetches ahead of its turn what the checks will need; what does not come now is fetched again then. */
  warm(datanet: Hex, record?: ContributionRecord): void
  forget(datanet: Hex): void
}

export function createShards(
  deps: Pick<DataDeps, 'network' | 'files' | 'log' | 'self'>,
  timing: Pick<DataTiming, 'fetchMs'>,
  book: Book,
  stopping: AbortSignal
): Shards {
  const { network, files, log, self } = deps
  const queue = createQueue(ahead)
  const heldOut = new Map<Hex, HeldOut>()
  const indices = new Map<Hex, { rows: RowIndex; of: Set<Hex> }>()

  const must = (datanet: Hex): DatanetDocument => {
    const net = book.datanet(datanet)?.document
    if (net === undefined) throw new TilthError('datanet.unknown', 'this Datanet is not known here yet')
    return net
  }
  const indexOf = (datanet: Hex): { rows: RowIndex; of: Set<Hex> } => {
    const known = indices.get(datanet) ?? { rows: new RowIndex(must(datanet).rules.nearDuplicate), of: new Set<Hex>() }
    indices.set(datanet, known)
    return known
  }
  /** Who should have it: who revealed it, the contributor's node, the host, the validators who have checked it. */
  const providers = (net: DatanetDocument, ...first: (Address | undefined)[]): Address[] =>
    [
      ...new Set([
        ...first,
        net.statement.message.host,
        ...net.rules.validators.slice(0, 5).map(({ address }) => address)
      ])
    ].filter(one => one !== undefined && one !== self) as Address[]
  const fetching = new Map<string, Promise<Uint8Array>>()
  /**
   * Who wants what is being fetched already waits for that: bitswap takes two wants for one, and the first to give up
   * ends both.
   */
  function fetch(cid: string, maxBytes: number, from: Address[]): Promise<Uint8Array> {
    const name = `${cid}/${maxBytes}`
    const known = fetching.get(name)
    if (known !== undefined) return known
    const running = files
      .fetchBytes(cid, {
        maxBytes,
        providers: from,
        signal: AbortSignal.any([stopping, AbortSignal.timeout(timing.fetchMs)])
      })
      .finally(() => {
        fetching.delete(name)
      })
    fetching.set(name, running)
    return running
  }

  const shards: Shards = {
    async heldOut(datanet) {
      const known = heldOut.get(datanet)
      if (known !== undefined) return known
      const net = must(datanet)
      const questions = new HeldOut(parseHeldOut(await fetch(net.rules.heldOut, mostHeldOutBytes, providers(net))))
      heldOut.set(datanet, questions)
      return questions
    },
    linesOf: async (datanet, cid, maxBytes, provider) =>
      parseShard(await fetch(cid, maxBytes, providers(must(datanet), provider))),
    async check(record, statements) {
      const net = must(record.datanet)
      const questions = await shards.heldOut(record.datanet)
      let shard: Uint8Array | 'too-large' | 'not-a-file'
      try {
        const { cid, bytes } = statements.reveal.message
        shard = await fetch(cid, Math.min(bytes, net.rules.maxBytes), providers(net, record.provider))
      } catch (error) {
        // What the CID holds is the contributor's doing; that nobody has it now is not told from the network's.
        const fault =
          error instanceof TilthError
            ? ({ 'files.too-large': 'too-large', 'files.cid': 'not-a-file', 'files.not-file': 'not-a-file' } as const)[
                error.code as 'files.cid'
              ]
            : undefined
        if (fault === undefined) throw error
        shard = fault
      }
      const before = book
        .contributions(record.datanet)
        .filter(([, other]) => other.contributor === record.contributor && other.index < record.index)
      const steps = checkSteps({
        network,
        statements,
        shard,
        rules: net.rules,
        heldOut: questions,
        earlier: indexOf(record.datanet).rows,
        order: record.index,
        uploads: before.length
      })
      for (let row = 1; ; row++) {
        const step = steps.next()
        if (step.done === true) return step.value
        if (row % slice === 0)
          await new Promise(resolve => {
            setImmediate(resolve)
          })
      }
    },
    async index(id, record) {
      const { rows, of } = indexOf(record.datanet)
      if (record.state.name !== 'accepted' || of.has(id)) return true
      const verdict = book.verdict(id)
      const { statements, certificate } = record.state
      const own = verdict === undefined ? [] : ownRows(verdict)
      if (
        verdict === undefined ||
        outcomeOf({ contribution: id, cid: statements.reveal.message.cid, own }, true) !== certificate.outcome
      )
        return false
      const lines = await shards.linesOf(
        record.datanet,
        statements.reveal.message.cid,
        must(record.datanet).rules.maxBytes,
        record.provider
      )
      for (const row of own) {
        const line = lines[row]
        if (line !== undefined && 'row' in line)
          rows.add(printRow(line.row), { contribution: id, order: record.index, row })
      }
      of.add(id)
      return true
    },
    warm(datanet, record) {
      const task = async (): Promise<unknown> => {
        if (record === undefined) return shards.heldOut(datanet)
        if (!('statements' in record.state) || record.state.statements === undefined) return undefined
        const net = must(datanet)
        const { cid, bytes } = record.state.statements.reveal.message
        return fetch(cid, Math.min(bytes, net.rules.maxBytes), providers(net, record.provider))
      }
      queue.run(contentHash([datanet, record?.index ?? 0]), task).catch((error: unknown) => {
        log.debug('nothing fetched ahead', { datanet, error })
      })
    },
    forget: datanet => {
      indices.delete(datanet)
    }
  }
  return shards
}
