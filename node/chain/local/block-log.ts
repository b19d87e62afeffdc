import { open, readFile, rename, writeFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { keccak256 } from 'viem'
import { z } from 'zod'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { ChainError } from '../errors/index.ts'

// anvil keeps its chain in memory. What it is sent is written here before it gets it, and each block it makes of that
// before anybody is told: from the last whole state, the same transactions at the same times give the same blocks,
// down to their hashes.

const hex = z.custom<Hex>(value => typeof value === 'string' && /^0x[0-9a-f]*$/i.test(value))
const blockForm = z.object({ number: z.int(), hash: hex, time: z.int(), baseFee: hex, transactions: z.array(hex) })
const lineForm = z.union([
  z.object({ sent: hex }),
  z.object({ settled: hex }),
  z.object({ back: z.int() }),
  z.object({ block: blockForm })
])
type Line = z.infer<typeof lineForm>
/** Transactions in full, as they were signed. */
export type LoggedBlock = z.infer<typeof blockForm>

/** Transactions that wait for one before them, kept for a start: more than anybody sends at once. */
const mostWaiting = 16_384

export interface BlockLog {
  /** Those since the state that lies beside the log, in their order. */
  readonly blocks: readonly LoggedBlock[]
  /** By hash: what was sent and is in no block. */
  readonly waiting: ReadonlyMap<Hex, Hex>
  readonly bytes: number
  /** On disk when it returns, as are the others. */
  sent(raws: readonly Hex[]): Promise<void>
  /** It was refused, or stands in a block already: it need not be sent again. */
  settled(hash: Hex): Promise<void>
  /** The chain took back what came after this block. */
  wentBack(number: number): Promise<void>
  mined(blocks: readonly LoggedBlock[]): Promise<void>
  /** Forgets blocks up to this one: a state on disk holds them. */
  keepAfter(number: number): Promise<void>
  close(): Promise<void>
}

export const hashOf = (raw: Hex): Hex => keccak256(raw)
const textOf = (line: Line): string => `${JSON.stringify(line)}\n`

/**
 * What stands in the file; half a line at its end is of a process that was killed before it told anybody.
 * @throws ChainError `anvil.state`: what follows a line that is lost cannot be made again without it
 */
async function linesOf(path: string): Promise<Line[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const lines: Line[] = []
  for (const [i, line] of text.split('\n').slice(0, -1).entries())
    try {
      lines.push(lineForm.parse(JSON.parse(line)))
    } catch (cause) {
      throw new ChainError('anvil.state', `line ${i + 1} of the local chain's log ${path} cannot be read`, {
        help: 'Put back a copy of the folder; or move it away and start with a fresh chain.',
        cause
      })
    }
  return lines
}

export async function openBlockLog(folder: string): Promise<BlockLog> {
  const path = join(folder, 'blocks.jsonl')
  let blocks: LoggedBlock[] = []
  const waiting = new Map<Hex, Hex>()

  function take(line: Line): void {
    if ('sent' in line) {
      waiting.set(hashOf(line.sent), line.sent)
      const [oldest] = waiting.size > mostWaiting ? waiting.keys() : []
      if (oldest !== undefined) waiting.delete(oldest)
    } else if ('settled' in line) waiting.delete(line.settled)
    else if ('back' in line) blocks = blocks.filter(({ number }) => number <= line.back)
    else {
      blocks.push(line.block)
      for (const raw of line.block.transactions) waiting.delete(hashOf(raw))
    }
  }
  for (const line of await linesOf(path)) take(line)

  let bytes = 0
  let isClosed = false
  let file = await rewrite()

  /** Only what is still needed; whole before it takes the old one's place. */
  async function rewrite(): Promise<FileHandle> {
    const lines = [
      ...blocks.map(block => textOf({ block })),
      ...[...waiting.values()].map(sent => textOf({ sent }))
    ].join('')
    const fresh = `${path}.new`
    await writeFile(fresh, lines, { flush: true })
    await rename(fresh, path)
    bytes = lines.length
    const opened = await open(path, 'a')
    if (isClosed) await opened.close() // the chain ended meanwhile: nobody else would
    return opened
  }
  async function write(...lines: readonly Line[]): Promise<void> {
    const text = lines.map(textOf).join('')
    await file.appendFile(text)
    await file.datasync()
    bytes += text.length
    for (const line of lines) take(line)
  }

  return {
    get blocks() {
      return blocks
    },
    waiting,
    get bytes() {
      return bytes
    },
    sent: raws => write(...raws.map(raw => ({ sent: raw }))),
    settled: hash => write({ settled: hash }),
    wentBack: number => write({ back: number }),
    mined: made => write(...made.map(block => ({ block }))),
    async keepAfter(number) {
      blocks = blocks.filter(block => block.number > number)
      await file.close()
      file = await rewrite()
    },
    async close() {
      isClosed = true
      await file.close()
    }
  }
}
