import { z } from 'zod'
import { ModelError } from '../graph/errors.ts'
import { parseBounded } from '../graph/files.ts'
import type { TrainRow } from '../types.ts'

const row = z.array(z.int().min(0)).min(1)
const ids = z.array(row).min(1)
const schema = z.object({ ids, labels: z.array(z.array(z.int())).optional() })

/** Some tens of millions of tokens. */
const mostBytes = 256 << 20
const help = 'Expected {"ids": [[…]], "labels": [[…]]}; labels may be left out where none are needed.'

/**
 * Reads `{"ids": [[…]], "labels": [[…]]?}`; rows may differ in length, labels have their row's. Rows alone, or one row
 * alone, will do.
 */
export function readExamples(file: string): { readonly ids: number[][]; readonly labels?: number[][] | undefined } {
  const refuse = (what: string) => new ModelError('examples-invalid', `${file}: ${what}`, { help })
  let json = parseBounded(file, mostBytes, 'examples-invalid', help)
  if (Array.isArray(json)) json = { ids: row.safeParse(json).success ? [json] : json }
  const parsed = schema.safeParse(json)
  if (!parsed.success) throw refuse(z.prettifyError(parsed.error))
  const { ids, labels } = parsed.data
  if (labels !== undefined && (labels.length !== ids.length || labels.some((row, i) => row.length !== ids[i]?.length)))
    throw refuse('labels and ids differ in shape')
  return parsed.data
}

/** Examples that have labels. */
export function readTrainRows(file: string): TrainRow[] {
  const { ids, labels } = readExamples(file)
  if (labels === undefined) throw new ModelError('examples-invalid', `${file} has no labels`)
  return ids.map((row, i) => ({ ids: row, labels: labels[i] ?? [] }))
}
