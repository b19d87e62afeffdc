import { basename } from 'node:path'
import {
  allRows,
  formHelp,
  lineOf,
  parseMap,
  placeInWords,
  problemsInWords,
  shardOf,
  faultOfShard
} from '../../protocol/data/files/index.ts'
import type { ColumnMap, MappingView, ShardOfFile } from '../../protocol/data/files/index.ts'
import type { Row } from '../../protocol/data/index.ts'
import { InvalidError, LimitError, TilthError } from '../../protocol/primitives/index.ts'
import { openFile } from '../../node/data/files/index.ts'
import type { OpenFile } from '../../node/data/files/index.ts'
import type { DatanetView } from '../api/contract/index.ts'
import { dim, progress, safe } from './output.ts'

/** What the API takes of a shard at once. */
const mostBytes = 16 << 20
/** A smaller file is read before anybody could look at how far it has come. */
const slowBytes = 32 << 20
export const mapHelp = 'which column is what, e.g. prompt=question,response=answer (columns joined by +)'

/** An error about a file, with its name. */
function about(file: string, cause: unknown): unknown {
  if (!(cause instanceof TilthError) || !/^(file|sandbox)\./.test(cause.code) || cause.code === 'file.read')
    return cause
  const Kind = cause instanceof LimitError ? LimitError : InvalidError
  return new Kind(cause.code, `${file}: ${cause.message}`, {
    ...(cause.help === undefined ? {} : { help: cause.help }),
    cause: cause.cause
  })
}

async function reading<T>(
  path: string,
  options: { map?: ColumnMap | undefined; isAnyLength?: boolean },
  read: (file: OpenFile) => Promise<T>
): Promise<T> {
  let size = 0
  let file: OpenFile | undefined
  const show = progress(`reading ${basename(path)}`)
  try {
    file = await openFile(
      { path },
      {
        ...options,
        said: bytes => {
          if (size > slowBytes) show.at(bytes / size)
        }
      }
    )
    size = file.size
    return await read(file)
  } catch (cause) {
    throw about(basename(path), cause)
  } finally {
    show.end()
    await file?.close()
  }
}

/** A Datanet, as far as files are concerned. */
interface Taker {
  readonly rules: Pick<DatanetView['rules'], 'maxRows' | 'maxBytes' | 'minOwnShare'>
}

/** A contributor's file, read and found good enough to be sent on. */
export type ShardFile = ShardOfFile & { readonly file: string }

/**
 * Reads a file as everybody does, so that what plainly cannot be accepted costs nothing. What is no row is left out by
 * name; beside enough good ones it does not stop them.
 * @throws LimitError `file.too-large`, `file.too-many-rows` · InvalidError `file.*`
 */
export async function readShardFile(path: string, { rules }: Taker, maps: readonly string[] = []): Promise<ShardFile> {
  const map = parseMap(maps)
  const shard = await reading(path, { map }, async file =>
    shardOf(file, { maxRows: rules.maxRows, maxBytes: Math.min(rules.maxBytes, mostBytes) })
  )
  const fault = faultOfShard(shard, rules)
  if (fault !== undefined)
    throw new InvalidError(fault.code, `${basename(path)}: ${fault.message}`, {
      help: fault.help ?? formHelp
    })
  return { ...shard, file: basename(path) }
}

/** Every row of a file, all of which must be good. @throws InvalidError `file.*` naming those that are not */
export async function readAllRows(
  path: string,
  { maps = [], isAnyLength = false }: { maps?: readonly string[]; isAnyLength?: boolean } = {}
): Promise<Row[]> {
  const { rows, problems } = await reading(path, { map: parseMap(maps), isAnyLength }, allRows)
  if (problems.length > 0)
    throw new InvalidError(
      'file.rows',
      `${basename(path)}: ${problems.length} of ${rows.length + problems.length} records are no rows` +
        problemsInWords(problems)
          .map(text => `\n  ${text}`)
          .join(''),
      { help: formHelp }
    )
  if (rows.length === 0) throw new InvalidError('file.empty', `${basename(path)} has no rows`, { help: formHelp })
  return rows
}

/** The rows of a file as JSONL in the one form. */
export const readAllLines = async (path: string, maps: readonly string[] = []): Promise<string> =>
  (await readAllRows(path, { maps })).map(row => `${lineOf(row)}\n`).join('')

const mappingText = ({ layout, says, unused, rows }: MappingView): string =>
  `${rows} ${rows === 1 ? 'row' : 'rows'} as ${layout}: ${safe(says)}` +
  (unused.length === 0 ? '' : dim(`; not used: ${safe(unused.slice(0, 20).join(', '))}`))

/** How a file was read, in words: what it is, which columns are what, and what was left out. */
export const readingText = ({ file, container, mappings, notes, problems, places }: ShardFile): string[] => [
  `${safe(file)}: ${container}; ${places.length} rows` +
    (problems.length === 0 ? '' : `, ${problems.length} left out that are none`),
  ...notes.map(note => `  ${safe(note)}`),
  ...mappings.map(mapping => `  ${mappingText(mapping)}`)
]

/** Where a line of the shard stands in the file; of a shard that is not from a file, the line itself. */
export const placeOf = ({ places }: Pick<ShardFile, 'places'>, line: number): string => {
  const place = places[line - 1]
  return place === undefined ? `line ${line}` : placeInWords(place)
}
