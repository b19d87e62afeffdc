import { readFile, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { describeError } from '../protocol/primitives/index.ts'
import { checkShelf } from './shelf/index.ts'
import {
  StoreError,
  checkStore,
  firstFormat,
  isHalfMended,
  isThere,
  mendLevel,
  openSegment,
  writeWhole
} from './store/index.ts'
import type { Mended } from './store/index.ts'
import { nodeTables } from './tables.ts'
import { openLentFolders } from './transport/index.ts'
import { DurableBlocks } from './transport/blocks/durable.ts'

export type RepairPart = 'format' | 'database' | 'records' | 'blocks' | 'models' | 'receipts'

/** What was found of one part of a data folder, and what became of it. */
export interface RepairFinding {
  readonly part: RepairPart
  /** Entries, blocks or files that were read. */
  readonly checked: number
  /** By name, with why: each is set aside or was put right. */
  readonly damaged: readonly { readonly name: string; readonly why: string }[]
  /** What happens next, or is left to the owner. */
  readonly note?: string
}

/**
 * The mark of a folder's layout: a number, or nothing that anybody wrote. What was made by which version is not known
 * then, so it is taken for the first: whatever a later one made anew is made anew at the next start.
 */
async function format(directory: string): Promise<RepairFinding> {
  const damaged = []
  let checked = 0
  for (const name of ['store', 'ipfs']) {
    const path = join(directory, name, 'format')
    const isMarked = await isThere(path)
    if (!isMarked && !(await isThere(join(directory, name, 'db')))) continue
    checked++
    const text = isMarked ? (await readFile(path, 'utf8')).trim() : ''
    if (/^[0-9]{1,6}$/.test(text) && Number(text) >= firstFormat) continue
    await writeWhole(path, `${firstFormat}\n`)
    damaged.push({ name: `${name}/format`, why: 'no format; it is taken for the first' })
  }
  return { part: 'format', checked, damaged }
}

/** A database's files that are not what was written, each with what is wrong in it and how often. */
function damagedFiles({ faults, aside }: Mended, folder: string): { name: string; why: string }[] {
  if (faults.length === 0 && aside !== undefined)
    return [{ name: folder, why: 'it does not open: one of its files is gone, or not what it was' }]
  const times = new Map<string, number>()
  for (const { file, why } of faults) times.set(`${file}\n${why}`, (times.get(`${file}\n${why}`) ?? 0) + 1)
  return [...times].map(([fault, count]) => {
    const [file = '', why = ''] = fault.split('\n')
    return { name: `${folder}/${file}`, why: count === 1 ? why : `${why} (${count} times)` }
  })
}
const madeAnew = ({ aside }: Mended): string[] =>
  aside === undefined ? [] : [`made anew of all that could be read of it; as it was it is ${aside}`]

async function database(directory: string): Promise<RepairFinding> {
  const { entries, faults, unknown, files } = await checkStore(join(directory, 'store'), nodeTables())
  const notes = [
    ...madeAnew(files),
    ...(faults.length > 0 || files.aside !== undefined ? ['the chain is read again at the next start'] : []),
    ...(unknown.size > 0 ? [`left as they are, for another version: ${[...unknown.keys()].join(', ')}`] : [])
  ]
  return {
    part: 'database',
    checked: entries,
    damaged: [
      ...damagedFiles(files, 'store/db'),
      ...faults.map(({ table, key, why }) => ({ name: `${table}/${key}`, why }))
    ],
    ...(notes.length > 0 ? { note: notes.join('; ') } : {})
  }
}

/** What libraries note of peers, of what is kept, and of where it stands; each is looked at again at a start. */
async function records(directory: string): Promise<RepairFinding> {
  const files = await mendLevel(join(directory, 'ipfs', 'peers'), directory)
  const [note] = madeAnew(files)
  return {
    part: 'records',
    checked: 1,
    damaged: damagedFiles(files, 'ipfs/peers'),
    ...(note === undefined ? {} : { note })
  }
}

/** Every block against its hash. */
async function blocks(directory: string): Promise<RepairFinding> {
  const store = new DurableBlocks(join(directory, 'ipfs', 'blocks'))
  const damaged = []
  let checked = 0
  await store.open()
  try {
    for await (const { cid } of store.stored()) {
      checked++
      try {
        for await (const _ of store.get(cid)) {
          /* reading it is the check: a damaged one is set aside */
        }
      } catch (error) {
        damaged.push({ name: cid.toString(), why: describeError(error).split('\n')[0] ?? '' })
      }
    }
  } finally {
    await store.close()
  }
  return {
    part: 'blocks',
    checked,
    damaged,
    ...(damaged.length > 0 ? { note: 'peers that have them are asked when they are wanted' } : {})
  }
}

/** Every model and adapter on the shelf. */
async function models(directory: string): Promise<RepairFinding> {
  const lent = await openLentFolders(join(directory, 'ipfs'))
  try {
    const found = await checkShelf({ shelf: join(directory, 'shelf'), aside: join(directory, 'damaged') }, lent)
    return {
      part: 'models',
      ...found,
      ...(found.damaged.length > 0
        ? { note: 'peers are asked for what is missing of them when they are wanted; whole parts are kept' }
        : {})
    }
  } finally {
    await lent.close()
  }
}

/** Every file of archived receipts, to its last block. */
async function receipts(directory: string): Promise<RepairFinding> {
  const folder = join(directory, 'payouts', 'receipts')
  const damaged = []
  let checked = 0
  for (const name of (await isThere(folder)) ? await readdir(folder) : []) {
    if (!name.endsWith('.receipts')) continue
    checked++
    const path = join(folder, name)
    try {
      const segment = await openSegment(path)
      try {
        for await (const _ of segment.entries()) {
          /* reading it is the check */
        }
      } finally {
        await segment.close()
      }
    } catch (error) {
      await rename(path, `${path}.damaged`)
      damaged.push({ name: `${name}, now ${name}.damaged`, why: describeError(error).split('\n')[0] ?? '' })
    }
  }
  return {
    part: 'receipts',
    checked,
    damaged,
    ...(damaged.length > 0 ? { note: 'they are history: the node runs without them' } : {})
  }
}

/** Each with what must be there for it, in an order in which one finds whole what it needs of others. */
const parts: readonly (readonly [RepairPart, string, (directory: string) => Promise<RepairFinding>])[] = [
  ['format', '', format],
  ['database', 'store/db', database],
  ['records', 'ipfs/peers', records],
  ['blocks', 'ipfs/blocks', blocks],
  ['models', 'shelf', models],
  ['receipts', '', receipts]
]

/**
 * Checks a data folder that no node runs on, part after part, sets aside what is damaged, and makes what chain and
 * peers can give again be asked for. A part that cannot be looked at keeps none of the others from it.
 * @throws StoreError `store.locked` where a node runs on it
 */
export async function repairFolder(directory: string): Promise<RepairFinding[]> {
  const findings: RepairFinding[] = []
  for (const [part, place, look] of parts) {
    if (!(await isThere(join(directory, place))) && !(await isHalfMended(join(directory, place)))) continue
    try {
      findings.push(await look(directory))
    } catch (error) {
      if (error instanceof StoreError && error.code === 'store.locked') throw error
      const why = describeError(error).split('\n')[0] ?? ''
      findings.push({ part, checked: 0, damaged: [{ name: place, why }], note: 'it could not be looked at' })
    }
  }
  return findings
}
