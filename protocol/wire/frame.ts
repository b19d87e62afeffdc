import type { z } from 'zod'
import { canonicalJson } from '../primitives/canonical.ts'
import { InvalidError, LimitError } from '../primitives/errors.ts'
import { parseUpToFirst } from '../primitives/parse.ts'
import { maxDepth } from './limits.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A value as canonical JSON bytes: one text for one value, so that content hashes agree.
 * @throws LimitError `frame.too-large` · InvalidError `canonical.number`
 */
export function encodeFrame(value: unknown, maxBytes: number): Uint8Array {
  const bytes = encoder.encode(canonicalJson(value))
  if (bytes.length > maxBytes)
    throw new LimitError('frame.too-large', `a message of ${bytes.length} bytes is over the limit of ${maxBytes}`)
  return bytes
}

/**
 * Depth of brackets outside strings, and how many values there may be; found before parsing, because a parser given a
 * megabyte of `[` has already lost.
 */
function shapeOf(bytes: Uint8Array): { deepest: number; values: number } {
  let depth = 0
  let deepest = 0
  let values = 1
  let inString = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (inString) {
      if (byte === 0x5c) i++ // a backslash takes the next byte with it
      else if (byte === 0x22) inString = false
    } else if (byte === 0x22) inString = true
    else if (byte === 0x5b || byte === 0x7b) {
      values++
      if (++depth > deepest) deepest = depth
    } else if (byte === 0x5d || byte === 0x7d) depth--
    else if (byte === 0x2c) values++
  }
  return { deepest, values }
}

function parse(bytes: Uint8Array): { text: string; json: unknown } {
  // [reject] A message is one JSON text in UTF-8.
  try {
    const text = decoder.decode(bytes)
    return { text, json: JSON.parse(text) }
  } catch (cause) {
    throw new InvalidError('frame.garbage', 'a message is not UTF-8 JSON', { cause })
  }
}

/** Whether it is what a later version's frame may be to this one: a key, a kind or a choice that is not known here. */
const isAddition = (issue: z.core.$ZodIssue | undefined): boolean =>
  issue?.code === 'unrecognized_keys' ||
  issue?.code === 'invalid_value' ||
  (issue?.code === 'invalid_union' && issue.discriminator !== undefined)

/** Whether a frame was refused for what a later version may have added, by `decodeFrame`'s error. */
export const mayBeNewer = (error: unknown): boolean =>
  error instanceof InvalidError && error.code === 'frame.schema' && error.details['addition'] === true

/**
 * Bytes from a peer as a typed value. Nothing looks at them before size, depth, JSON and schema were right;
 * `canonical` asks for the text that `encodeFrame` gives and no other; `mostValues` bounds what is read in
 * the main thread while peers wait: documents may be larger than any frame.
 * @throws LimitError `frame.too-large` · InvalidError `frame.depth`, `frame.garbage`, `frame.schema` (details: where,
 * and whether a later version may mean something by it)
 */
export function decodeFrame<T>(
  bytes: Uint8Array,
  schema: z.ZodType<T>,
  maxBytes: number,
  { canonical = false, mostValues = Infinity }: { canonical?: boolean; mostValues?: number } = {}
): T {
  // [reject] A message is no larger than its topic or protocol allows.
  if (bytes.length > maxBytes)
    throw new LimitError('frame.too-large', `a message of ${bytes.length} bytes is over the limit of ${maxBytes}`)
  // [reject] A message is nested no deeper than our deepest document could be.
  const { deepest, values } = shapeOf(bytes)
  if (deepest > maxDepth) throw new InvalidError('frame.depth', `a message is nested deeper than ${maxDepth}`)
  // [reject] It has no more values than our largest message could have.
  if (values > mostValues) throw new LimitError('frame.too-large', `a message has more than ${mostValues} values`)
  const { text, json } = parse(bytes)
  // [reject] What is passed on to everybody has one text: another spelling of it would be another message to everybody.
  if (canonical && canonicalJson(json) !== text)
    throw new InvalidError('frame.garbage', 'a message is not in canonical form')
  // [reject] A message has the shape of its topic or protocol.
  const result = parseUpToFirst(schema, json)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new InvalidError('frame.schema', 'a message has another shape than its protocol says', {
    details: {
      path: issue?.path.map(String).join('.').slice(0, 100),
      issue: issue?.code,
      addition: isAddition(issue)
    }
  })
}
