import { LimitError, InvalidError } from '../../primitives/errors.ts'
import type { DatanetRules, Row } from '../types.ts'
import { saveAsUtf8 } from './errors.ts'
import { lineOf } from './line-of.ts'
import type { ReadFile } from './read.ts'
import type { Fault, MappingView, Place } from './types.ts'

/** A row's fault, with where it stands. */
export interface Problem {
  readonly place: Place
  readonly fault: Fault
  readonly raw?: string
}

/** A file as the shard that would be contributed of it: JSONL of its rows alone, each in the one form. */
export interface ShardOfFile {
  readonly text: string
  /** Where each line of the shard stands in the file. */
  readonly places: readonly Place[]
  readonly problems: readonly Problem[]
  readonly container: string
  /** Its columns, or the fields that its rows have. */
  readonly columns: readonly string[]
  readonly notes: readonly string[]
  readonly mappings: readonly MappingView[]
}

type Limits = Pick<DatanetRules, 'maxRows' | 'maxBytes' | 'minOwnShare'>

const encoder = new TextEncoder()
const inWords = ({ place, fault }: Problem): string => `${placeInWords(place)}: ${fault.says}`
export const placeInWords = ({ unit, number }: Place): string => `${unit} ${number}`

/** Problems that are named one by one in a message. */
export const problemsShown = 20
export function problemsInWords(problems: readonly Problem[]): string[] {
  const shown = problems.slice(0, problemsShown).map(inWords)
  return problems.length > problemsShown ? [...shown, `and ${problems.length - problemsShown} more`] : shown
}

/** Reads no further than can matter: a file of a billion rows is refused after the first that is too many. */
export async function shardOf(
  file: ReadFile,
  { maxRows, maxBytes }: Pick<Limits, 'maxRows' | 'maxBytes'>
): Promise<ShardOfFile> {
  const lines: string[] = []
  const places: Place[] = []
  const problems: Problem[] = []
  let bytes = 0
  reading: for await (const rows of file.rows)
    for (const read of rows) {
      if ('fault' in read) problems.push(read)
      else {
        const line = lineOf(read.row)
        bytes += encoder.encode(line).length + 1
        // [reject] A contribution has no more rows and bytes than the Datanet takes.
        if (lines.length >= maxRows) throw tooMany(`more than ${maxRows} rows, all`, 'rows')
        if (bytes > maxBytes) throw tooMany(`rows of more than ${(maxBytes / 2 ** 20).toFixed(1)} MiB, all`, 'bytes')
        lines.push(line)
        places.push(read.place)
      }
      if (problems.length > maxRows) break reading
    }
  return {
    text: lines.map(line => `${line}\n`).join(''),
    places,
    problems,
    container: file.container,
    columns: file.columns ?? file.fields(),
    notes: file.notes,
    mappings: file.mappings()
  }
}

const tooMany = (what: string, of: 'rows' | 'bytes'): LimitError =>
  new LimitError(of === 'rows' ? 'file.too-many-rows' : 'file.too-large', `it has ${what} that is taken at once`, {
    help: 'Split it into several contributions.'
  })

/**
 * What ends a file's way before anything is asked of anybody, or undefined: it has no row, or too few good ones.
 */
export function faultOfShard({ places, problems }: ShardOfFile, { minOwnShare }: Pick<Limits, 'minOwnShare'>) {
  const all = places.length + problems.length
  if (all === 0) return new InvalidError('file.empty', 'it has no rows', { help: formHelp })
  // [reject] At least minOwnShare of what it has are rows, and one: what is mostly wrong is not what was meant.
  if (places.length > 0 && Math.floor((places.length * 1000) / all) >= minOwnShare) return undefined
  const listed = problemsInWords(problems).map(text => `\n  ${text}`)
  return new InvalidError(
    'file.rows',
    `${problems.length} of ${all} records are no rows, where ${minOwnShare / 10}% good ones are asked for at least` +
      listed.join(''),
    { help: problems.every(({ fault }) => fault.code === 'not-utf8') ? saveAsUtf8 : formHelp }
  )
}

export const formHelp =
  'A row is {"prompt": "…", "response": "…"}, {"messages": [{"role", "content"}, …]}, or one of the usual others: ' +
  'Alpaca, ShareGPT, columns of questions and answers. Columns of other names are told by --map prompt=…,response=…, ' +
  'and by number where nothing names them.'

/** All rows of a file, for whoever takes as many as there are. @throws InvalidError `file.rows` where one is wrong */
export async function allRows(file: ReadFile): Promise<{ rows: Row[]; problems: Problem[] }> {
  const rows: Row[] = []
  const problems: Problem[] = []
  for await (const some of file.rows)
    for (const read of some) {
      if ('row' in read) rows.push(read.row)
      else problems.push(read)
    }
  return { rows, problems }
}
