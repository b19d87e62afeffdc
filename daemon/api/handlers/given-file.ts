import { faultOfShard, parseMap, shardOf } from '../../../protocol/data/files/index.ts'
import type { ShardOfFile } from '../../../protocol/data/files/index.ts'
import type { DatanetRules } from '../../../protocol/data/index.ts'
import { openFile } from '../../../node/data/files/index.ts'
import type { Preview } from '../../../node/data/index.ts'
import type { PreviewView } from '../contract/index.ts'

/** A file as it comes in a request: text, or any file's bytes in base64. */
interface GivenFile {
  readonly file?: string | undefined
  readonly content?: string | undefined
  readonly name?: string | undefined
  readonly map?: string | undefined
}

const encoder = new TextEncoder()

/** Reads a file that was given, as everybody does. @throws LimitError, InvalidError `file.*` · SandboxError */
export async function shardOfGiven(
  { file, content, name = '', map = '' }: GivenFile,
  rules: Pick<DatanetRules, 'maxRows' | 'maxBytes'>
): Promise<ShardOfFile> {
  const bytes = content === undefined ? encoder.encode(file ?? '') : Buffer.from(content, 'base64')
  const opened = await openFile({ name, bytes }, { map: parseMap([map]) })
  try {
    return await shardOf(opened, rules)
  } finally {
    await opened.close()
  }
}

/** The same, of which at least so much must be rows. @throws InvalidError `file.empty`, `file.rows`, and as above */
export async function goodShard(
  given: GivenFile,
  rules: Pick<DatanetRules, 'maxRows' | 'maxBytes' | 'minOwnShare'>
): Promise<string> {
  const shard = await shardOfGiven(given, rules)
  const fault = faultOfShard(shard, rules)
  if (fault !== undefined) throw fault
  return shard.text
}

/** What the checks say of a shard, told of the file: its own lines, and among them those that are no rows. */
export function previewOf(
  { verdict, lines, uploads, allowed, compared }: Preview,
  shard: ShardOfFile,
  rules: Pick<DatanetRules, 'minOwnShare'>
): PreviewView {
  const { places, problems, container, columns, notes, mappings } = shard
  const named = [
    ...lines.map(line => ({ ...line, line: places[line.line - 1]?.number ?? line.line })),
    ...problems.map(({ place, fault }) => ({ line: place.number, ...fault }))
  ].sort((a, b) => a.line - b.line)
  const isMostlyWrong = problems.length > 0 && faultOfShard(shard, rules) !== undefined
  const reason = isMostlyWrong ? 'mostly-invalid' : verdict.reason
  return {
    accept: verdict.accept && !isMostlyWrong,
    ...(reason === undefined ? {} : { reason }),
    checks: verdict.checks.map(check => ({ ...check })),
    rows: named.length,
    own: lines.filter(({ code }) => code === 'own').length,
    lines: named,
    file: {
      container,
      columns: [...columns],
      notes: [...notes],
      mappings: mappings.map(mapping => ({ ...mapping, unused: [...mapping.unused] }))
    },
    uploads,
    allowed,
    compared
  }
}
