import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { codesOf, storeError } from './errors.ts'

/** What a database may need to be opened: its log is written down as a table first. */
const roomBytes = 8 << 20
/** Milliseconds from one look for room to the next. */
const lookMs = 1_000

/** Of a LevelDB, what is used here. */
interface Database {
  readonly status: string
  open(): Promise<void>
  close(): Promise<void>
}

/**
 * A database that goes on after a write has failed, as on a disk that is full. LevelDB leaves a part of a record in its
 * log then and goes on behind it, and what is acknowledged from there on it does not read at its next start. So nothing
 * more is written until there is room and it was opened anew, by which it begins another log; reads wait for that while
 * it takes place, and no longer.
 */
export interface Anew {
  /** Works again what another's failed write may stand before. @throws whatever the work does, or StoreError */
  write<T>(work: () => Promise<T>): Promise<T>
  read<T>(work: () => Promise<T>): Promise<T>
  /** How often it was opened anew: iterators of before are closed. */
  times(): number
  /** Whether it was opened anew since; where that takes place now it is waited for. */
  since(times: number): Promise<boolean>
  /** Closes it for good. */
  end(): Promise<void>
}

/** Whether there is room in the folder: only writing tells, where room is a quota's or another file system's. */
async function hasRoom(directory: string): Promise<boolean> {
  const path = join(directory, 'room.new')
  try {
    const file = await open(path, 'w')
    try {
      await file.writeFile(new Uint8Array(roomBytes))
      await file.sync()
    } finally {
      await file.close()
    }
    return true
  } catch {
    return false
  } finally {
    await rm(path, { force: true })
  }
}

const isClosed = (error: unknown): boolean =>
  codesOf(error).some(code => code === 'LEVEL_DATABASE_NOT_OPEN' || code === 'LEVEL_ITERATOR_NOT_OPEN')
/** A call that LevelDB was never given. */
const isMisuse = (error: unknown): boolean => codesOf(error).some(code => code.startsWith('LEVEL_INVALID'))

/** @param directory where the database is, and where room is looked for @param tell told when it was opened anew */
export function createAnew(db: Database, directory: string, tell: (failed: unknown) => void = () => undefined): Anew {
  let torn: { readonly by: unknown } | undefined
  let looking: Promise<void> | undefined
  let opening: Promise<void> | undefined
  let [count, looked, isOver] = [0, -Infinity, false]

  async function reopen(): Promise<void> {
    await db.close()
    await db.open()
    count++
  }
  async function look(by: unknown): Promise<void> {
    if (isOver || performance.now() - looked < lookMs) throw storeError(by, directory)
    looked = performance.now()
    // What was closed for good meanwhile stays closed.
    if (!(await hasRoom(directory)) || isOver) throw storeError(by, directory)
    opening = reopen().finally(() => {
      opening = undefined
    })
    try {
      await opening
    } catch (error) {
      throw storeError(error, directory)
    }
    torn = undefined
    tell(by)
  }
  async function whole(): Promise<void> {
    if (torn === undefined) return
    looking ??= look(torn.by).finally(() => {
      looking = undefined
    })
    await looking
  }
  /** Waits for it to be opened; of one that was closed because it could not be, tries. */
  async function there(): Promise<void> {
    await opening?.catch(() => undefined) // told to whoever writes
    if (db.status === 'closed' && !isOver) await whole()
  }

  return {
    async write(work) {
      for (;;) {
        await whole()
        const before = count
        try {
          const result = await work()
          if (torn === undefined && count === before) return result
        } catch (error) {
          // Closed to be opened anew: it is written then.
          if (!isOver && isClosed(error) && (torn !== undefined || count !== before)) continue
          if (!isOver && !isMisuse(error) && db.status === 'open') torn ??= { by: error }
          throw error
        }
      }
    },
    async read(work) {
      for (;;) {
        await there()
        const before = count
        try {
          return await work()
        } catch (error) {
          if (isOver || !isClosed(error) || (opening === undefined && count === before && torn === undefined))
            throw error
        }
      }
    },
    times: () => count,
    async since(times) {
      await there()
      return count > times
    },
    async end() {
      isOver = true
      await looking?.catch(() => undefined) // told to whoever writes
      await db.close()
    }
  }
}
