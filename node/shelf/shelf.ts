import { statfs } from 'node:fs/promises'
import { LimitError, NotFoundError } from '../../protocol/primitives/index.ts'
import type { Engine } from '../engine/types.ts'
import { counter, gauge } from '../runtime/index.ts'
import type { Clock, Log, Metrics } from '../runtime/index.ts'
import { parseCid } from '../transport/index.ts'
import type { Files } from '../transport/types.ts'
import { copyFolder, createDisk } from './disk.ts'
import { stopped, tooLarge } from './errors.ts'
import { createFetches } from './fetches.ts'
import type { Task } from './fetches.ts'
import { defaultPace, defaultQuota, kindLimits } from './limits.ts'
import { createPace } from './pace.ts'
import { createRoom } from './room.ts'
import type { Item, Reservation } from './room.ts'
import type { AskOptions, Lease, Shelf, ShelfKind, Sizes, TakeOptions } from './types.ts'

export interface ShelfDeps {
  readonly files: Pick<Files, 'list' | 'fetchDirectory' | 'addDirectory' | 'lend' | 'lentFrom' | 'takeBack'>
  /** A folder of the shelf's own. */
  readonly folder: string
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  readonly log: Log
  readonly metrics?: Metrics
  /** Told when nothing holds a folder any more: whoever has loaded it may forget it. */
  readonly engine?: Pick<Engine, 'unload'>
  /** Bytes on disk; the default or half of what is free, whichever is less, unless given. */
  readonly quota?: number | undefined
  /** Bytes a second for what strangers cause. */
  readonly pace?: number | undefined
  /** Bytes free on the disk; asked of the system unless given. */
  readonly free?: () => Promise<number>
}

export function createShelf(deps: ShelfDeps): Shelf {
  const { files, folder, clock, log, engine } = deps
  const disk = createDisk(folder, log)
  const fetches = createFetches(clock)
  const pace = createPace(deps.pace ?? defaultPace, clock)
  const items = new Map<string, Item>()
  /** How many wait for an item, to have a lease as soon as it is here. */
  const awaited = new Map<string, number>()
  /** Items that are leaving the disk: the same CID is taken again only when it has left. */
  const leaving = new Map<string, Promise<void>>()
  const inUse = ({ cid, leases }: Item): boolean => leases > 0 || awaited.has(cid)
  const free =
    deps.free ??
    (async () => {
      const { bavail, bsize } = await statfs(folder)
      return bavail * bsize
    })
  let quota = deps.quota ?? defaultQuota
  const holders = new Set<() => boolean>()
  const giveBack = (): boolean => [...holders].some(gives => gives())
  let room = createRoom({ quota, items, inUse, free, evict, giveBack })
  let over = false
  const evictions =
    deps.metrics === undefined
      ? undefined
      : counter(deps.metrics, 'tilth_shelf_evictions_total', 'Models and adapters that made room for others')

  function evict(item: Item): Promise<void> {
    const { cid } = item
    items.delete(cid)
    const going = (async () => {
      try {
        if (item.own) log.warn('what was made here makes room for others', { cid })
        await unload(cid)
        await files.takeBack(cid)
        await disk.remove(cid)
        evictions?.inc()
      } catch (error) {
        items.set(cid, item)
        throw error
      } finally {
        leaving.delete(cid)
      }
    })()
    leaving.set(cid, going)
    return going
  }

  /** Nothing holds it any more: whoever has it in memory may forget it. */
  async function unload(cid: string): Promise<void> {
    try {
      await engine?.unload(disk.folderOf(cid))
    } catch (error) {
      log.warn('a model that nobody uses stays in memory', { cid, error })
    }
  }

  function lease(item: Item, { cause }: Pick<TakeOptions, 'cause'>): Lease {
    const { cid, bytes } = item
    if (cause === 'owner') item.asked = false
    let released = false
    item.leases++
    use(item)
    return {
      cid,
      bytes,
      folder: disk.folderOf(cid),
      release() {
        if (released) return
        released = true
        item.leases--
        use(item)
        if (item.leases === 0 && !over) void unload(cid)
      }
    }
  }
  function use(item: Item): void {
    item.usedAt = clock.now()
    disk.used(item.cid, item.usedAt).catch((error: unknown) => {
      log.debug("a folder's last use was not noted", { cid: item.cid, error })
    })
  }

  const mostBytes = ({ kind, maxBytes }: AskOptions): number =>
    Math.min(kindLimits[kind].maxBytes, maxBytes ?? kindLimits[kind].maxBytes)

  function sizesOf(cid: string, { kind }: AskOptions, listed: readonly { path: string; size: number }[]): Sizes {
    const { maxFiles } = kindLimits[kind]
    // [reject] A model's folder has no more files than its kind may.
    if (listed.length > maxFiles) throw tooLarge(cid, `${listed.length} files, more than ${maxFiles}`)
    return {
      bytes: listed.reduce((sum, { size }) => sum + size, 0),
      files: listed.length,
      paths: listed.map(({ path }) => path)
    }
  }

  /** What a look at a folder's tree throws. */
  function notListed(cid: string, options: AskOptions, error: unknown): unknown {
    // [reject] Nor more bytes.
    return error instanceof LimitError && error.code === 'files.too-large'
      ? tooLarge(cid, `more than ${mostBytes(options)} bytes, or is no model's folder`, error)
      : error
  }

  async function sizes(cid: string, options: AskOptions): Promise<Sizes> {
    const { from, signal, cause } = options
    try {
      const listed = await files.list(cid, {
        maxBytes: mostBytes(options),
        providers: from,
        brief: cause !== 'owner',
        ...(signal === undefined ? {} : { signal })
      })
      return sizesOf(cid, options, listed)
    } catch (error) {
      throw notListed(cid, options, error)
    }
  }

  /**
   * Writes a folder where it becomes the CID's, all of it or nothing.
   * @param write calls `admit` with what it will take before it writes; the note goes to the disk beside its files
   */
  async function shelve(
    cid: string,
    { kind, own }: Pick<Item, 'kind' | 'own'>,
    write: (folder: string, admit: (bytes: number, asked?: boolean) => Promise<void>) => Promise<void>
  ): Promise<void> {
    let reservation: Reservation | undefined
    let noted: Promise<Pick<Item, 'bytes' | 'asked'>> | undefined
    try {
      const { path, files: target } = await disk.fresh()
      try {
        await write(target, async (bytes, asked = false) => {
          reservation = await room.reserve(cid, bytes, asked)
          noted = disk.note(path, { kind, bytes, own, ...(asked ? { asked } : {}) }).then(() => ({ bytes, asked }))
          noted.catch(() => undefined) // told below
        })
        const note = await noted
        if (note === undefined) throw new Error('a folder was written that was not admitted')
        await disk.keep(path, cid)
        items.set(cid, { cid, kind, own, ...note, leases: 0, usedAt: clock.now() })
      } catch (error) {
        await noted?.catch(() => undefined)
        await disk.discard(path)
        throw error
      }
      reservation?.end()
      await files.lend(cid, disk.folderOf(cid)).catch((error: unknown) => {
        log.warn('a folder is not given to others', { cid, error })
      })
    } finally {
      reservation?.end()
    }
  }

  async function fetch(cid: string, options: TakeOptions, { signal, ...task }: Task): Promise<void> {
    if (items.has(cid)) return
    let admitted = false
    await shelve(cid, { kind: options.kind, own: false }, (target, admit) =>
      files
        .fetchDirectory(cid, target, {
          maxBytes: mostBytes(options),
          providers: options.from,
          brief: options.cause !== 'owner',
          pin: false,
          signal,
          admit: async listed => {
            const { bytes } = sizesOf(cid, options, listed)
            task.sized(bytes)
            await admit(bytes, task.forQuestions())
            admitted = true
          },
          onBytes: came => {
            task.arrived(came)
          },
          pace: async (came, until) => {
            if (task.forStrangers()) await pace(came, until)
          }
        })
        .catch((error: unknown) => {
          throw admitted ? error : notListed(cid, options, error)
        })
    )
  }

  async function copy(from: string, cid: string, kind: ShelfKind): Promise<void> {
    if (items.has(cid)) return
    const { bytes } = await sizes(cid, { kind, from: [], cause: 'owner' })
    await shelve(cid, { kind, own: true }, async (target, admit) => {
      await admit(bytes)
      await copyFolder(from, target)
    })
  }

  async function taken(cid: string, options: TakeOptions, work: (task: Task) => Promise<void>): Promise<Lease> {
    awaited.set(cid, (awaited.get(cid) ?? 0) + 1)
    try {
      return await waited(cid, options, work)
    } finally {
      const left = (awaited.get(cid) ?? 1) - 1
      if (left === 0) awaited.delete(cid)
      else awaited.set(cid, left)
    }
  }

  /** `work` brings it here where it is not; another's may be under way already. */
  async function waited(cid: string, options: TakeOptions, work: (task: Task) => Promise<void>): Promise<Lease> {
    for (;;) {
      if (over) throw stopped()
      options.signal?.throwIfAborted()
      await leaving.get(cid)?.catch(() => undefined)
      const item = items.get(cid)
      if (item !== undefined) {
        // [reject] Who wants something small does not get something large.
        if (item.bytes > (options.maxBytes ?? item.bytes)) throw tooLarge(cid, `${item.bytes} bytes`)
        return lease(item, options)
      }
      let mine = false
      try {
        await fetches.join(cid, options, task => {
          mine = true
          return work(task)
        })
      } catch (error) {
        // Another's providers had it not, or it was too large for the other: ours may, and not for us.
        if (mine || !(error instanceof NotFoundError || error instanceof LimitError)) throw error
      }
    }
  }

  /**
   * A folder whose blocks are not read from it: a process was killed between the two. Its tree is made again, and if it
   * is the one that its name says it is lent; else it was made by other rules, and others get it elsewhere.
   */
  async function recover({ cid }: Item): Promise<void> {
    if ((await files.lentFrom(cid)) === disk.folderOf(cid)) return
    if (canonical(await files.addDirectory(disk.folderOf(cid), { pin: false })) === cid)
      await files.lend(cid, disk.folderOf(cid))
  }

  /** One text for each CID. */
  const canonical = (cid: string): string => parseCid(cid).toV1().toString()

  return {
    name: 'shelf',
    async start() {
      for (const { cid, kind, bytes, own, asked = false, usedAt } of await disk.load())
        items.set(cid, { cid, kind, bytes, own, asked, usedAt, leases: 0 })
      if (deps.quota === undefined) quota = Math.min(defaultQuota, Math.floor((await free()) / 2) + room.bytes)
      room = createRoom({ quota, items, inUse, free, evict, giveBack })
      // An owner may have lowered the quota.
      await room.reserve('', 0).then(
        reservation => {
          reservation.end()
        },
        (error: unknown) => {
          log.warn('the disk is nearly full', { error })
        }
      )
      for (const item of items.values()) {
        if (over) return
        await recover(item).catch((error: unknown) => {
          log.warn('a folder is not given to others', { cid: item.cid, error })
        })
      }
      if (deps.metrics !== undefined)
        gauge(deps.metrics, 'tilth_shelf_bytes', 'Bytes of models and adapters on disk', [], at => {
          at.set(room.bytes)
        })
    },
    async stop() {
      over = true
      await fetches.stop(stopped())
      await Promise.allSettled(leaving.values())
    },
    async take(text, options) {
      const cid = canonical(text)
      return taken(cid, options, task => fetch(cid, options, task))
    },
    sizes,
    async put(from, kind) {
      const cid = canonical(await files.addDirectory(from, { pin: false }))
      return taken(cid, { kind, from: [], cause: 'owner' }, () => copy(from, cid, kind))
    },
    onNeed(giveBack) {
      holders.add(giveBack)
      return () => holders.delete(giveBack)
    },
    has: cid => items.has(canonical(cid)),
    status: () => ({
      quota,
      bytes: room.bytes,
      held: room.held,
      fetching: fetches.size,
      entries: [...items.values()].map(({ cid, kind, bytes, own, leases, usedAt }) => ({
        cid,
        kind,
        bytes,
        own,
        leases,
        usedAt
      }))
    })
  }
}
