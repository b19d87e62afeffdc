import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseBounded } from '../graph/files.ts'

/** Larger than any model's config. */
export const mostConfigBytes = 512 * 1024

/**
 * Tokens that end an answer by config.json and, where it is, generation_config.json: chat models often name their
 * further ones there alone. What they are to be is checked where the whole config is read.
 */
export function endIdsOf(folder: string): number[] {
  const further = join(folder, 'generation_config.json')
  return [join(folder, 'config.json'), ...(existsSync(further) ? [further] : [])].flatMap(file => {
    const json = parseBounded(file, mostConfigBytes, 'model-config')
    const ids: unknown = typeof json === 'object' && json !== null && 'eos_token_id' in json ? json.eos_token_id : []
    return [ids].flat().filter((id): id is number => Number.isSafeInteger(id))
  })
}
