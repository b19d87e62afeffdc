import { FileError } from '../errors.ts'
import { mapKeys } from '../types.ts'
import type { ColumnMap, MapKey } from '../types.ts'

const help =
  'Say it as --map prompt=question,response=answer; further keys are system and messages, several columns are joined ' +
  'by +, and a file without a line of names has its columns by number: --map prompt=1,response=2. ' +
  '--map layout=passages makes rows of running text.'

const refused = (message: string): FileError => new FileError('file.map', message, help)

/**
 * Reads `prompt=question,response=answer+note`, several of which may be given. None gives none.
 * @throws FileError `file.map`
 */
export function parseMap(texts: readonly string[]): ColumnMap | undefined {
  const map: Partial<Record<MapKey, readonly string[]>> = {}
  for (const part of texts.flatMap(text => text.split(','))) {
    if (part.trim() === '') continue
    const at = part.indexOf('=')
    const key = part.slice(0, at).trim() as MapKey
    const columns = part
      .slice(at + 1)
      .split('+')
      .map(column => column.trim())
    if (at < 1 || !mapKeys.includes(key)) throw refused(`"${part.trim()}" maps nothing that a row has`)
    if (columns.some(column => column === '')) throw refused(`"${part.trim()}" names no column`)
    map[key] = columns
  }
  if (Object.keys(map).length === 0) return undefined
  // [reject] A mapping makes whole rows: of prompt and response, or of turns.
  if (map.layout !== undefined && !(map.layout.length === 1 && map.layout[0] === 'passages'))
    throw refused(`there is no layout "${map.layout.join('+')}"`)
  if (
    map.layout === undefined &&
    map.messages === undefined &&
    (map.prompt === undefined) !== (map.response === undefined)
  )
    throw refused(`a mapping of ${map.prompt === undefined ? 'response' : 'prompt'} alone makes no rows`)
  return map
}

/** Whether a mapping names columns by number, so that the first line is a record like others. */
export const isByNumber = (map: ColumnMap | undefined): boolean => {
  const names = Object.values(map ?? {}).flat()
  return names.length > 0 && names.every(name => /^[1-9][0-9]?$/.test(name))
}
