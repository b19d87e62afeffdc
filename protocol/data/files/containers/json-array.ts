import { maxLineBytes } from '../../lines.ts'
import type { Fault, Found } from '../types.ts'
import { joinBytes } from '../../../primitives/bytes.ts'
import { jsonOf } from './json-lines.ts'
import { rawOf, textOf } from './lines.ts'

const [quote, backslash, comma, open, close, brace, endBrace] = [0x22, 0x5c, 0x2c, 0x5b, 0x5d, 0x7b, 0x7d]
const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

const unfinished: Fault = { code: 'unfinished', says: 'the array ends in the middle of it' }
const trailing: Fault = { code: 'not-json', says: 'something stands after the end of the array' }
const unclosed: Fault = { code: 'unfinished', says: 'the array has no end: the file may have been cut short' }

/**
 * Records of a JSON array, its elements told apart by their brackets and quotes alone, so that one that is wrong costs
 * one row and none of them has to be held with the others.
 */
export async function* jsonArray(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Found[]> {
  let number = 0
  let depth = 0
  let [isInString, isEscaped, isOver] = [false, false, false]
  let held: Uint8Array[] = []
  let length = 0
  const hold = (part: Uint8Array): void => {
    if (length <= maxLineBytes && part.length > 0) held.push(part)
    length += part.length
  }
  /** The element that has come to its end; none where nothing stands before the array's. */
  const element = (isLast: boolean): Found[] => {
    const bytes = joinBytes(held)
    const isTooLong = length > maxLineBytes
    held = []
    length = 0
    if (!isTooLong && bytes.every(isBlank) && isLast) return []
    const place = { unit: 'row', number: ++number } as const
    const text = textOf({ bytes, isTooLong })
    if (typeof text !== 'string') return [{ place, fault: text, raw: rawOf(bytes) }]
    const json = jsonOf(text)
    return 'value' in json ? [{ place, ...json }] : [{ place, fault: json, raw: rawOf(bytes) }]
  }
  for await (const chunk of chunks) {
    const found: Found[] = []
    let start = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0
      if (isOver) {
        if (isBlank(byte)) continue
        yield [
          ...found,
          { place: { unit: 'row', number: number + 1 }, fault: trailing, raw: rawOf(chunk.subarray(at)) }
        ]
        return
      }
      if (isInString) {
        if (isEscaped) isEscaped = false
        else if (byte === backslash) isEscaped = true
        else if (byte === quote) isInString = false
      } else if (byte === quote) isInString = true
      else if (byte === open || byte === brace) {
        if (depth === 0) start = at + 1
        depth++
      } else if (byte === close || byte === endBrace) {
        depth--
        if (depth > 0) continue
        hold(chunk.subarray(start, at))
        found.push(...element(true))
        isOver = true
      } else if (byte === comma && depth === 1) {
        hold(chunk.subarray(start, at))
        found.push(...element(false))
        start = at + 1
      }
    }
    if (!isOver && depth > 0) hold(chunk.subarray(start))
    if (found.length > 0) yield found
  }
  if (isOver) return
  const left = element(true)
  const missing = { place: { unit: 'row', number: number + 1 } as const, fault: unclosed }
  yield [
    ...left.map(one => ('fault' in one && one.fault.code === 'not-json' ? { ...one, fault: unfinished } : one)),
    ...(left.some(one => 'fault' in one) ? [] : [missing])
  ]
}
