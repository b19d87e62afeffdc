import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { ModelError } from '../graph/errors.ts'
import type { ChatMessage, Row, TrainRow } from '../types.ts'

const row = z.array(z.int().min(0)).min(1)
const ids = z.array(row).min(1)
const schema = z.object({ ids, labels: z.array(z.array(z.int())).optional() })

/**
 * Reads `{"ids": [[…]], "labels": [[…]]?}`; rows may differ in length, labels have their row's. Rows alone, or one row
 * alone, will do.
 */
export function readExamples(file: string): { readonly ids: number[][]; readonly labels?: number[][] | undefined } {
  const refuse = (what: string, cause?: unknown) =>
    new ModelError('examples-invalid', `${file}: ${what}`, {
      cause,
      help: 'Expected {"ids": [[…]], "labels": [[…]]}; labels may be left out where none are needed.'
    })
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw refuse('cannot be read as JSON', cause)
  }
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

const message = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })
const line = z.union([
  z.object({ prompt: z.string().min(1), response: z.string().min(1) }),
  z.object({ messages: z.array(message).min(2) })
])

/** Reads a JSONL file of rows `{"prompt", "response"}` or `{"messages": […]}`. Errors name the line. */
export function readRows(file: string): Row[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ModelError('rows-invalid', `${file} cannot be read`, { cause })
  }
  const rows = text
    .split('\n')
    .flatMap((source, i): Row[] => (source.trim() === '' ? [] : [readRow(source, `${file}:${i + 1}`)]))
  if (rows.length === 0) throw new ModelError('rows-invalid', `${file} has no rows`)
  return rows
}

function readRow(source: string, where: string): Row {
  let json: unknown
  try {
    json = JSON.parse(source)
  } catch (cause) {
    throw new ModelError('rows-invalid', `${where}: not JSON`, { cause })
  }
  const parsed = line.safeParse(json)
  if (!parsed.success) throw new ModelError('rows-invalid', `${where}: neither {"prompt", "response"} nor {"messages"}`)
  if ('messages' in parsed.data) return { messages: parsed.data.messages }
  const messages: ChatMessage[] = [
    { role: 'user', content: parsed.data.prompt },
    { role: 'assistant', content: parsed.data.response }
  ]
  return { messages }
}
