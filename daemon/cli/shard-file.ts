import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { issueInWords, parseShard } from '../../protocol/data/index.ts'
import type { ShardLine } from '../../protocol/data/index.ts'
import { InvalidError, LimitError } from '../../protocol/primitives/index.ts'
import type { DatanetView } from '../api/contract/index.ts'

/** What the API takes of a file at once. */
const mostBytes = 16 << 20
/** Problems that are named one by one. */
export const problemsShown = 20
const formHelp = 'Each line is {"prompt": "…", "response": "…"} or {"messages": [{"role", "content"}, …]}.'

/** A contributor's file, read and found good enough to be sent on; `wrong` are the lines that bring nothing. */
export interface ShardFile {
  readonly text: string
  readonly rows: number
  readonly wrong: readonly { readonly line: number; readonly code: string }[]
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`

/** `line 3: the line is no JSON`, up to a bound, and how many more there are. */
export function problemLines(issues: readonly { readonly line: number; readonly code: string }[]): string[] {
  const shown = issues.slice(0, problemsShown).map(({ line, code }) => `line ${line}: ${issueInWords(code)}`)
  const more = issues.length - shown.length
  return more === 0 ? shown : [...shown, `and ${more} more`]
}

const listed = (problems: readonly string[]): string => problems.map(text => `\n  ${text}`).join('')

async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path)
    // [reject] A file is read, and nothing else: a folder has no rows, a device no end.
    if (!found.isFile())
      throw new InvalidError('file.read', `${path} is ${found.isDirectory() ? 'a folder' : 'no file'}`, {
        help: 'Name one JSONL file.'
      })
    return found.size
  } catch (cause) {
    if (cause instanceof InvalidError) throw cause
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw new InvalidError('file.read', missing ? `there is no file ${path}` : `${path} cannot be read`, {
      help: 'Check the path and its permissions.',
      cause
    })
  }
}

/**
 * Reads a file as the validators will, so that what plainly cannot be accepted costs nothing. Wrong lines beside enough
 * good ones do not stop it.
 * @throws LimitError `file.too-large`, `file.too-many-rows` · InvalidError `file.read`, `file.text`, `file.empty`,
 * `file.rows` (names the lines)
 */
export async function readShardFile(path: string, { name, rules }: Pick<DatanetView, 'name' | 'rules'>) {
  const file = basename(path)
  // [reject] A file is no larger than the Datanet takes, told from its size alone.
  const most = Math.min(rules.maxBytes, mostBytes)
  const size = await sizeOf(path)
  if (size > most)
    throw new LimitError('file.too-large', `${file} has ${megabytes(size)}, ${name} takes ${megabytes(most)} at once`, {
      help: 'Split it into several contributions: split -C 15m FILE part-'
    })
  const bytes = await readFile(path)
  const lines = parseShard(bytes, rules.maxRows)
  return { text: new TextDecoder().decode(bytes), ...checkLines(file, bytes, lines, { name, rules }) } as ShardFile
}

function checkLines(
  file: string,
  bytes: Uint8Array,
  lines: readonly ShardLine[],
  { name, rules }: Pick<DatanetView, 'name' | 'rules'>
): Omit<ShardFile, 'text'> {
  const wrong = lines.flatMap(line => ('code' in line ? [line] : []))
  const notText = wrong.filter(({ code }) => code === 'not-utf8')
  // [reject] A file is UTF-8 text throughout: it travels as text, and must arrive as it was.
  if (notText.length > 0 || bytes.includes(0))
    throw new InvalidError(
      'file.text',
      `${file} is no UTF-8 text${notText.length === 0 ? '' : ` (${problemLines(notText)[0] ?? ''})`}`,
      { help: `Give a text file of rows, saved as UTF-8. ${formHelp}` }
    )
  if (lines.length === 0) throw new InvalidError('file.empty', `${file} has no rows`, { help: formHelp })
  if (lines.length > rules.maxRows)
    throw new LimitError(
      'file.too-many-rows',
      `${file} has more than ${rules.maxRows} rows, all ${name} takes at once`,
      {
        help: `Split it into several contributions: split -l ${rules.maxRows} FILE part-`
      }
    )
  // [reject] At least minOwnShare of the rows, and one, must be good ones: the validators' own rule.
  const good = lines.length - wrong.length
  if (good === 0 || Math.floor((good * 1000) / lines.length) < rules.minOwnShare)
    throw new InvalidError(
      'file.rows',
      `${wrong.length} of ${lines.length} lines of ${file} are no rows, ` +
        `and ${name} asks for ${rules.minOwnShare / 10}% good ones at least${listed(problemLines(wrong))}`,
      { help: formHelp }
    )
  return { rows: lines.length, wrong }
}
