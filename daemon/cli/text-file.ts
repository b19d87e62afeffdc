import type { z } from 'zod'
import { InvalidError, TilthError, refusalsOf, refusalsText } from '../../protocol/primitives/index.ts'
import { gathered, readBounded, smallFile, textOf } from '../bounded-file.ts'
import type { Bound } from '../bounded-file.ts'

// Files of text that somebody names, read no further than they can be what they are named for.

/** The bytes. @throws InvalidError `file.read`, LimitError `file.too-large`, naming the file */
export async function namedBytes(path: string, bound?: Bound): Promise<Buffer> {
  try {
    return await readBounded(path, bound)
  } catch (cause) {
    if (cause instanceof TilthError) throw cause
    throw new InvalidError('file.read', `${path} cannot be read`, {
      help: 'Check the path and its permissions.',
      cause
    })
  }
}

/** @throws as namedBytes · InvalidError `file.encoding` */
export const readText = async (path: string, bound?: Bound): Promise<string> =>
  textOf(await namedBytes(path, bound), path)

/** A file with one JSON object. @throws InvalidError `file.json` naming the file · as namedBytes */
async function readJsonFile(path: string, bound: Bound): Promise<object> {
  const text = await readText(path, bound)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new InvalidError('file.json', `${path} is not JSON`, { help: 'Mend what is wrong there.', cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidError('file.json', `${path} holds no JSON object`, { help: 'It begins with { and ends with }.' })
  return value
}

/**
 * A file with one JSON object, as its schema reads it. What is wrong in it is named as it stands there, and not after a
 * flag that happens to be called so.
 * @throws InvalidError `file.json` naming the file and its fields · as namedBytes
 */
export async function readFileAs<T extends z.ZodType>(
  schema: T,
  path: string,
  bound: Bound = smallFile
): Promise<z.output<T>> {
  const value = await readJsonFile(path, bound)
  const read = schema.safeParse(value)
  if (read.success) return read.data
  throw new InvalidError('file.json', `${path}: ${refusalsText(refusalsOf(schema, value, read.error))}`, {
    help: 'Mend it there.'
  })
}

/** What could still be a question. */
const question: Bound = {
  bytes: 256 * 1024,
  isNot: 'no question',
  help: 'Give the part that the question is about: a message takes 131072 characters.'
}

const asText = (bytes: Uint8Array, name: string): string => {
  try {
    return textOf(bytes, name).trim()
  } catch (cause) {
    throw new InvalidError('file.text', `${name} is no text`, { help: 'Give a file of UTF-8 text.', cause })
  }
}

/** The text of a file that goes into a question. @throws InvalidError `file.text` · as namedBytes */
export const questionFile = async (path: string): Promise<string> => asText(await namedBytes(path, question), path)

/** What is piped in as a question. @throws InvalidError `file.text`, LimitError `file.too-large` */
export const pipedText = async (): Promise<string> =>
  asText(await gathered(process.stdin as AsyncIterable<Buffer>, 'standard input', question), 'standard input')
