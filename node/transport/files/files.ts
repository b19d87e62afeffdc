import { createReadStream } from 'node:fs'
import { unixfs } from '@helia/unixfs'
import type { UnixFS } from '@helia/unixfs'
import type { Helia } from 'helia'
import { CID } from 'multiformats/cid'
import { InvalidError, LimitError, NotFoundError, TilthError, anySignal } from '../../../protocol/primitives/index.ts'
import type { Clock, Log } from '../../runtime/index.ts'
import { storeError } from '../../store/index.ts'
import type { LendingBlocks } from '../blocks/lent.ts'
import { carOf, takeCar } from './car.ts'
import { readAhead } from './ahead.ts'
import { writeTree } from './folders.ts'
import { importFolder, importSettings } from './import.ts'
import { knock } from './knocking.ts'
import { createMissing } from './missing.ts'
import { hasNodeKey, parsePeerId, peerOf } from '../identity.ts'
import { createCollector } from '../blocks/collector.ts'
import { blockName, createPins, whole } from '../blocks/pins.ts'
import { countedReads } from '../blocks/counted.ts'
import type { CountedReads } from '../blocks/counted.ts'
import { createReads } from '../blocks/reads.ts'
import type { AskedFirst, Reads } from '../blocks/reads.ts'
import type { Provider } from '../peers/provider.ts'
import type { FetchOptions, Files, Peers } from '../types.ts'

/** Milliseconds without a block after which a fetch gives up; a brief one sooner. */
export interface FetchLimits {
  readonly silenceMs: number
  readonly briefMs: number
}
const fetchLimits: FetchLimits = { silenceMs: 60_000, briefMs: 15_000 }
/** Entries and nesting of a folder that is fetched: model and adapter folders have a handful of files. */
const maxEntries = 10_000
const maxNesting = 16
/** Pieces of a file that hold nothing: an empty one has one. */
const mostEmpty = 16

export interface FilesDeps {
  helia: Helia
  blocks: LendingBlocks
  peers: Pick<Peers, 'connected' | 'dial' | 'known' | 'on' | 'self'>
  provider: Provider
  directory: string
  clock: Clock
  log: Log
  limits?: FetchLimits | undefined
  /** Milliseconds for which a block is kept that nobody has pinned (collector.ts). */
  grace?: number | undefined
}

/** @throws InvalidError `files.cid` */
export function parseCid(text: string): CID {
  try {
    return CID.parse(text)
  } catch (cause) {
    throw new InvalidError('files.cid', `${text.slice(0, 100)} is no CID`, { cause })
  }
}

/** Whatever in a text reads as a CID, in any of its spellings. */
function cidsIn(text: string): CID[] {
  const found: CID[] = []
  for (const [word] of text.matchAll(/[0-9A-Za-z]{46,100}/g))
    try {
      found.push(CID.parse(word))
    } catch {
      // another word
    }
  return found
}

/** A countdown that each block starts again, and that stands still until the next once it rests. */
function patience(
  signal: AbortSignal | undefined,
  silenceMs: number
): { signal: AbortSignal; cameAt: () => number; progress: (ms?: number) => void; rest: () => void } {
  let at = 0
  let forMs = silenceMs
  const late = new AbortController()
  const expire = (): void => {
    late.abort(new DOMException('no block came', 'TimeoutError'))
  }
  let timer = setTimeout(expire, silenceMs)
  return {
    signal: signal === undefined ? late.signal : anySignal([late.signal, signal]),
    cameAt: () => at,
    progress(ms = forMs) {
      at = Date.now()
      forMs = ms
      clearTimeout(timer)
      timer = setTimeout(expire, ms)
    },
    rest() {
      clearTimeout(timer)
    }
  }
}

/**
 * A fetch under way: its own view of the blocks, when it ends, and what each block that came tells; it rests while
 * nothing is asked for.
 */
interface Fetch {
  fs: UnixFS
  blocks: CountedReads
  signal: AbortSignal
  progress: (ms?: number) => void
  rest: () => void
}

interface Entry {
  path: string
  cid: CID
}

export function createFiles({
  helia,
  blocks,
  peers,
  provider,
  directory,
  clock,
  log,
  limits = fetchLimits,
  grace
}: FilesDeps): Files & { stop(): void } {
  const reads = createReads(
    helia.blockstore,
    what => {
      log.debug(what)
    },
    blocks
  )
  const blockstore = reads()
  const fs = unixfs({ blockstore })
  const pins = createPins(helia, cid => whole(blocks.get(cid)), directory)
  const collector = createCollector(blocks, pins, { clock, log, ...(grace === undefined ? {} : { grace }) })
  const missing = createMissing(clock)
  const stop = peers.on('connect', peer => {
    missing.met(peer)
  })

  /** Whether a block is kept for the sake of anything pinned. */
  const blockPinned = (cid: CID): Promise<boolean> => pins.hasBlock(cid)
  /** A node of a tree that is here already, or comes at once. */
  const nodeFrom = (from: Reads, cid: CID): Promise<Uint8Array> =>
    whole(from.get(cid, { signal: AbortSignal.timeout(limits.silenceMs) }))

  /** Those who are named, as far as they are connected when it is their turn. */
  const askedFirst = (first: FetchOptions['first']): AskedFirst | undefined =>
    first === undefined
      ? undefined
      : {
          eachMs: first.eachMs,
          peers: first.peers.map(name => () => {
            const found = peers.connected().find(({ address, peerId }) => address === name || peerId === name)
            return found === undefined ? undefined : parsePeerId(found.peerId)
          })
        }

  /**
   * Runs a fetch: dials those who should have it, keeps time, and types what goes wrong.
   * @param what blocks of a folder are on their way into one, unless kept · @param keep its blocks, until they are
   *   unpinned
   */
  async function fetching<T>(
    text: string,
    options: FetchOptions,
    { what, keep }: { what: 'file' | 'folder'; keep: boolean },
    work: (cid: CID, fetch: Fetch) => Promise<T>
  ): Promise<T> {
    const cid = parseCid(text)
    if (options.brief === true) missing.check(text)
    const wait = patience(options.signal, options.brief === true ? limits.briefMs : limits.silenceMs)
    const over = new AbortController()
    const signal = anySignal([wait.signal, over.signal])
    try {
      // A provider that cannot be dialled may still be found otherwise.
      const aloneMs = options.first === undefined ? 0 : options.first.eachMs * options.first.peers.length
      void knock(peers, options.providers ?? [], signal, wait.cameAt, log, aloneMs)
      const result = await collector.holding(async () => {
        const { progress, rest } = wait
        const passing = what === 'folder' && !keep ? ({ passing: 'taken' } as const) : {}
        const mine = reads({ ...passing, first: askedFirst(options.first) })
        const own = countedReads(mine, what, { signal: wait.signal, over: over.signal })
        try {
          const done = await work(cid, { fs: unixfs({ blockstore: own }), blocks: own, signal, progress, rest })
          if (keep) await pins.add(cid)
          return done
        } finally {
          over.abort() // the exporter reads on by itself behind a file that was refused
          mine.end()
        }
      })
      missing.found(text)
      return result
    } catch (error) {
      options.signal?.throwIfAborted()
      if (error instanceof TilthError) throw error
      if (wait.signal.aborted || isMissing(error)) {
        missing.failed(text, options.providers ?? [])
        throw new NotFoundError('files.unavailable', `nobody had ${text} in time`, {
          consequence: 'retry',
          cause: error,
          help: 'Its providers may be offline; try again later.'
        })
      }
      throw new InvalidError('files.not-file', `${text} is no well-formed file or folder`, { cause: error })
    } finally {
      over.abort()
      wait.rest()
    }
  }

  async function* content(
    cid: CID,
    left: { bytes: number },
    { pace, onBytes }: Pick<FetchOptions, 'pace' | 'onBytes'>,
    { fs, blocks: own, signal, progress }: Fetch
  ): AsyncGenerator<Uint8Array> {
    let empty = 0
    for await (const chunk of fs.cat(cid, { signal })) {
      // [reject] Pieces of nothing, of which a few blocks can make a file without end, are no part of one.
      if (chunk.length === 0 && ++empty > mostEmpty)
        throw new InvalidError('files.not-file', `${cid.toString()} is made of pieces that hold nothing`)
      progress()
      onBytes?.(chunk.length)
      if (pace !== undefined) {
        await pace(chunk.length, signal)
        progress()
      }
      left.bytes -= chunk.length
      // [reject] Content is no larger than its reader allows, whatever its root block says.
      if (left.bytes < 0) throw tooLarge(cid)
      own.earn(chunk.length)
      yield chunk
    }
  }

  async function* walk(
    cid: CID,
    path: string,
    depth: number,
    count: { left: number },
    fetch: Fetch
  ): AsyncGenerator<Entry & { size: number }> {
    const { fs, blocks: own, signal, progress } = fetch
    const stat = await fs.stat(cid, { signal })
    progress()
    if (stat.type !== 'directory') {
      // [reject] A folder holds files and folders; a link could lead anywhere.
      if (stat.type === 'file' && stat.unixfs.type !== 'file' && stat.unixfs.type !== 'raw')
        throw new InvalidError('files.not-plain', `${path} is neither a file nor a folder`)
      yield { path, cid, size: Number(stat.size) }
      return
    }
    // [reject] A folder is no deeper and has no more entries than a model's could.
    if (depth > maxNesting) throw new LimitError('files.too-large', 'a folder is nested too deep')
    const ahead = await readAhead(own, cid, signal)
    try {
      for await (const entry of fs.ls(cid, { signal })) {
        if (--count.left < 0) throw new LimitError('files.too-large', `a folder has more than ${maxEntries} entries`)
        // [reject] A name is one name: nothing in it may lead out of the folder.
        if (!isPlainName(entry.name))
          throw new InvalidError(
            'files.bad-path',
            `a folder has an entry with the name ${JSON.stringify(entry.name.slice(0, 80))}`
          )
        yield* walk(entry.cid, path === '' ? entry.name : `${path}/${entry.name}`, depth + 1, count, fetch)
      }
    } finally {
      ahead.end()
    }
  }

  async function tree(cid: CID, maxBytes: number, fetch: Fetch): Promise<(Entry & { size: number })[]> {
    const entries: (Entry & { size: number })[] = []
    let total = 0
    for await (const entry of walk(cid, '', 0, { left: maxEntries }, fetch)) {
      if (entry.path === '') throw new InvalidError('files.not-directory', `${cid.toString()} is a file, not a folder`)
      total += entry.size
      if (total > maxBytes) throw tooLarge(cid)
      entries.push(entry)
    }
    return entries
  }

  async function added(work: () => Promise<CID>, keep = true): Promise<string> {
    try {
      const cid = await collector.holding(async () => {
        const made = await work()
        if (keep) await pins.add(made)
        return made
      })
      missing.found(cid.toString())
      return cid.toString()
    } catch (error) {
      throw storeError(error, directory)
    }
  }

  return {
    addBytes: (bytes, { pin: keep = true } = {}) => added(() => fs.addBytes(bytes, importSettings), keep),
    addFile: path => added(() => fs.addByteStream(createReadStream(path), importSettings)),
    addDirectory: (path, { pin: keep = true } = {}) =>
      added(async () => {
        const root = await importFolder(fs, path)
        if (root === undefined) throw new InvalidError('files.empty', `${path} has no files`)
        return root
      }, keep),
    fetchBytes: (text, options) =>
      fetching(text, options, { what: 'file', keep: options.pin ?? true }, async (cid, fetch) => {
        const chunks: Uint8Array[] = []
        for await (const chunk of content(cid, { bytes: options.maxBytes }, options, fetch)) chunks.push(chunk)
        return whole(chunks)
      }),
    fetchDirectory: (text, toPath, options) =>
      fetching(text, options, { what: 'folder', keep: options.pin ?? true }, async (cid, fetch) => {
        const entries = await tree(cid, options.maxBytes, fetch)
        // [reject] A folder has no more bytes than it was admitted with.
        const most = options.admit === undefined ? options.maxBytes : entries.reduce((sum, { size }) => sum + size, 0)
        fetch.rest()
        await options.admit?.(entries.map(({ path, size }) => ({ path, size })))
        fetch.progress(limits.silenceMs) // somebody has it
        const left = { bytes: most }
        await writeTree(toPath, entries, entry => content(entry.cid, left, options, fetch))
      }),
    list: (text, options) =>
      fetching(text, options, { what: 'folder', keep: false }, async (cid, fetch) =>
        (await tree(cid, options.maxBytes, fetch)).map(({ path, size }) => ({ path, size }))
      ),
    car: cids => carOf(cids.map(parseCid), cid => nodeFrom(blockstore, cid)),
    takeCar: (car, maxBytes) =>
      collector.holding(async () => {
        const roots = await takeCar(car, async (cid, bytes) => helia.blockstore.put(cid, bytes), maxBytes)
        return roots.map(String)
      }),
    async has(text) {
      const cid = parseCid(text)
      return (await pins.has(cid)) || (await blocks.folderOf(cid)) !== undefined
    },
    async lend(text, folder) {
      try {
        // Of a folder that was fetched a moment ago the nodes pass, until they are noted.
        const nodeOf = (cid: CID): Promise<Uint8Array> => nodeFrom(reads({ passing: 'seen' }), cid)
        await collector.holding(() => blocks.lend(parseCid(text), folder, nodeOf, blockPinned))
      } catch (error) {
        throw storeError(error, directory)
      }
    },
    lentFrom: text => blocks.folderOf(parseCid(text)),
    takeBack: text => collector.holding(() => blocks.takeBack(parseCid(text), blockPinned)),
    async watchPins() {
      const watched = await pins.watch()
      return {
        left: () => [...watched.left.values()].map(String),
        namedIn: text => cidsIn(text).flatMap(cid => watched.all.get(blockName(cid))?.toString() ?? []),
        end: () => {
          watched.end()
        }
      }
    },
    async unpin(text) {
      await pins.remove(parseCid(text))
    },
    async collect() {
      const done = await collector.collect()
      if (done !== undefined && done.removed > 0) log.info('blocks that nothing needs are gone', { ...done })
      return done
    },
    provide: (text, options) => provider.provide(parseCid(text), options?.signal),
    async *findProviders(text, { signal, limit = 20 } = {}) {
      const seen = new Set<string>()
      for await (const id of provider.find(parseCid(text), signal)) {
        if (!hasNodeKey(id) || seen.has(id.toString())) continue
        seen.add(id.toString())
        yield peerOf(id)
        if (seen.size >= limit) return
      }
    },
    stop
  }
}

const tooLarge = (cid: CID): LimitError =>
  new LimitError('files.too-large', `${cid.toString()} is larger than what was asked for`)

const isPlainName = (name: string): boolean =>
  name !== '' && name !== '.' && name !== '..' && name.length <= 255 && !/[/\\\0]/.test(name)

/** Errors by which bitswap and the blockstore say that a block is nowhere. */
function isMissing(error: unknown): boolean {
  const names = new Set([
    'NotFoundError',
    'AbortError',
    'TimeoutError',
    'LoadBlockFailedError',
    'InsufficientProvidersError',
    'AggregateError'
  ])
  return error instanceof Error && names.has(error.name)
}
