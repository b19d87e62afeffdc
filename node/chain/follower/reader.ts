import { BaseError, HttpRequestError, RpcRequestError, TimeoutError } from 'viem'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { ChainError } from '../errors/index.ts'
import type { UndoRecord } from '../ledger/index.ts'
import type { ChainEvent } from '../events/index.ts'
import { createRanges } from './ranges.ts'
import { readEvents } from '../events/index.ts'
import type { Header, MinedLog, Source } from './source.ts'
import type { Tracker } from './state.ts'

/** Blocks before the new ones that are asked for again, at no extra call: what a lagging node kept back shows there. */
const overlap = 16

/** What a range held, or why there is nothing to write yet. */
export type Reading =
  | { kind: 'range'; to: bigint; hash: Hex; events: ChainEvent[]; hashes: Map<bigint, Hex>; more: boolean }
  /** Another, smaller range is to be asked for. */
  | { kind: 'smaller' }
  /** The block that was read last is not on this chain, or its logs were not all given: back before this block. */
  | { kind: 'back'; before: bigint }

export interface ReaderDeps {
  source: Source
  tracker: Tracker
  /** What was recorded of a block that may still be taken back. */
  readonly undo: (block: bigint) => Promise<UndoRecord | undefined>
  readonly now: () => number
  readonly onRefused: (refused: { name: string; transaction: string; why: string }) => void
}

export interface Reader {
  /** @param first the first block of the deployment; @param final blocks up to this one cannot be taken back */
  read(cursor: { block: bigint; hash: Hex }, head: Header, first: bigint, final: bigint): Promise<Reading>
  /** From now on every range is read twice. */
  beCareful(): void
  readonly careful: boolean
}

/** Whether the RPC said no, or took too long, to a question that it may answer for fewer blocks. */
function refusesRange(error: unknown): boolean {
  if (!(error instanceof BaseError)) return false
  const answer = error.walk(
    cause =>
      cause instanceof RpcRequestError ||
      cause instanceof TimeoutError ||
      (cause instanceof HttpRequestError && cause.status !== undefined)
  )
  return answer !== null && !(answer instanceof HttpRequestError && answer.status === 429)
}

const keyOf = ({ block, logIndex, transaction }: ChainEvent): string => `${block}/${logIndex}/${transaction}`

/** Reads ranges of blocks as large as the RPC gives, and looks whether it gave all of them. */
export function createReader({ source, tracker, undo, now, onRefused }: ReaderDeps): Reader {
  const ranges = createRanges()
  /** Logs in the largest answer that was checked and found whole, and in one that was cut short. */
  let trusted = 2
  let cutAt = Infinity
  let careful = false
  let failedInARow = 0

  const capOf = (): { rangeCap?: number } => {
    const rangeCap = ranges.cap() ?? 0
    return rangeCap > 0 ? { rangeCap } : {}
  }

  async function ask(from: bigint, to: bigint): Promise<MinedLog[] | undefined> {
    const size = Number(to - from) + 1
    const began = now()
    try {
      const logs = await source.logs(from, to)
      const ms = now() - began
      failedInARow = 0
      ranges.answered(size, { ms, logs: logs.length })
      tracker.found({ answerMs: ms, ...capOf() })
      return logs
    } catch (error) {
      // The head was answered a moment ago: what fails twice in a row fails for its size.
      if (!refusesRange(error) && ++failedInARow < 2) throw error
      failedInARow = 0
      tracker.count('refused')
      if (!ranges.refused(size))
        throw new ChainError('chain.ranges', 'the RPC refuses the logs of a single block', {
          help: 'Use an RPC that answers eth_getLogs: this one gives the contracts’ events to nobody.',
          cause: error
        })
      return undefined
    }
  }

  /** An answer as large as any that was checked is asked for again in halves: some RPCs cut long ones short. */
  async function isWhole(from: bigint, to: bigint, logs: readonly MinedLog[]): Promise<boolean> {
    if (from === to || (!careful && logs.length < trusted && logs.length < cutAt)) return true
    const middle = from + (to - from) / 2n
    const [left, right] = await Promise.all([source.logs(from, middle), source.logs(middle + 1n, to)])
    const key = ({ blockNumber, logIndex }: MinedLog): string => `${blockNumber}/${logIndex}`
    const union = new Set([...logs, ...left, ...right].map(key)).size
    if (union > logs.length) {
      tracker.count('short')
      if (left.length + right.length > logs.length) {
        cutAt = Math.min(cutAt, logs.length)
        tracker.found({ resultCap: cutAt })
      }
      ranges.refused(Number(to - from) + 1)
      return false
    }
    // All in one half: that one may be cut as well.
    if (logs.length > 1 && left.length >= logs.length) return isWhole(from, middle, left)
    if (logs.length > 1 && right.length >= logs.length) return isWhole(middle + 1n, to, right)
    trusted = Math.max(trusted, logs.length)
    return true
  }

  /** What is read again must be what was read before. */
  async function againstBefore(
    events: readonly ChainEvent[],
    hashes: ReadonlyMap<bigint, Hex>,
    from: bigint,
    to: bigint
  ): Promise<bigint | undefined> {
    for (let block = from; block <= to; block++) {
      const before = await undo(block)
      const hash = hashes.get(block)
      if (before === undefined && hash === undefined) continue
      if (before !== undefined && hash !== undefined && before.hash !== hash) return block
      const known = new Set(before?.events.map(keyOf))
      const again = events.filter(event => event.block === block)
      if (again.some(event => !known.has(keyOf(event)))) {
        tracker.count('short') // the first time
        return block
      }
      if (again.length < known.size) {
        tracker.count('short')
        throw new ChainError('chain.inconsistent', `the RPC leaves out logs of block ${block} that it gave before`)
      }
    }
    return undefined
  }

  return {
    beCareful() {
      careful = true
    },
    get careful() {
      return careful
    },
    async read(cursor, head, first, final) {
      const span = ranges.next()
      const again = Math.min(overlap, Math.floor((span - 1) / 2))
      const start = cursor.block + 1n - BigInt(again)
      const lowest = final + 1n > first ? final + 1n : first
      const from = start > lowest ? start : lowest < cursor.block + 1n ? lowest : cursor.block + 1n
      const last = from + BigInt(span) - 1n
      const to = last < head.number ? last : head.number
      const linked = head.number === cursor.block + 1n && head.parent === cursor.hash
      const [parent, end, asked] = await Promise.all([
        linked ? Promise.resolve(undefined) : source.header(cursor.block),
        to === head.number ? Promise.resolve(head) : source.header(to),
        ask(from, to)
      ])
      if (!linked && parent === undefined)
        throw new ChainError('chain.inconsistent', `the RPC has no block ${cursor.block}, though it had it before`)
      if (parent !== undefined && parent.hash !== cursor.hash) return { kind: 'back', before: cursor.block + 1n }
      if (end === undefined)
        throw new ChainError('chain.inconsistent', `the RPC says its head is ${head.number} and has no block ${to}`)
      const logs = asked ?? []
      if (asked === undefined || !(await isWhole(from, to, logs))) return { kind: 'smaller' }

      const hashes = new Map<bigint, Hex>()
      for (const { blockNumber, blockHash } of logs) {
        if ((hashes.get(blockNumber) ?? blockHash) !== blockHash)
          throw new ChainError('chain.inconsistent', `logs of block ${blockNumber} come from two blocks`)
        hashes.set(blockNumber, blockHash)
      }
      if ((hashes.get(to) ?? end.hash) !== end.hash)
        throw new ChainError('chain.inconsistent', `logs of block ${to} come from another block of that number`)
      if (end.mayHold === true && !hashes.has(to) && !(await confirmEmpty(end)))
        throw new ChainError('chain.inconsistent', `block ${to} holds logs that the RPC has not given`)

      const events = readEvents(logs, onRefused)
      const differs = await againstBefore(events, hashes, from, cursor.block)
      if (differs !== undefined) return { kind: 'back', before: differs }
      const fresh = events.filter(({ block }) => block > cursor.block)
      const kept = new Map([...hashes].filter(([block]) => block > cursor.block))
      return { kind: 'range', to, hash: end.hash, events: fresh, hashes: kept, more: to < head.number }
    }
  }

  /** A block's bloom says that it may hold something of ours: a full one says so of everything, so it is asked. */
  async function confirmEmpty({ number }: Header): Promise<boolean> {
    const logs = await source.logs(number, number)
    if (logs.length === 0) return true
    tracker.count('short')
    return false
  }
}
