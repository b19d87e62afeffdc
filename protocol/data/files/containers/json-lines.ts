import { issueInWords } from '../../explain.ts'
import type { Fault, Found } from '../types.ts'
import { linesOf, rawOf, textOf } from './lines.ts'

/**
 * Text in quotes, which stays, or a number that stands by itself. Text that nothing closes goes on to the end: from
 * none of the quotes in it is looked for its end again.
 */
const textOrNumber =
  /"[^"\\]*(?:\\(?:[^]|$)[^"\\]*)*(?:"|$)|(?<=[\s:,[]|^)-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?=[\s,\]}]|$)/g
/** Digits that every number keeps on its way through JSON. */
const keptDigits = 15

/** Longer numbers become text, so that they stay what they are. */
const withLongNumbers = (text: string): string =>
  /[\d.]{16}/.test(text)
    ? text.replaceAll(textOrNumber, found =>
        found.startsWith('"') || found.length <= keptDigits ? found : `"${found}"`
      )
    : text

/** What JSON has not and other languages write into it all the same. */
function inJson(text: string): string {
  const mended = text.replace(/,\s*$/, '')
  return mended.includes('NaN') ? mended.replaceAll(textOrNone, found => (found === 'NaN' ? 'null' : found)) : mended
}
const textOrNone = /"[^"\\]*(?:\\(?:[^]|$)[^"\\]*)*(?:"|$)|\bNaN\b/g

const parsed = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(withLongNumbers(text)) as unknown }
  } catch {
    return undefined
  }
}

/** Why text is no JSON, where it is plain. */
function whyNot(text: string): Fault {
  if (/^\s*[[{]\s*(?:\{\s*)?'/.test(text))
    return wrong("it is written with Python's quotes ('…'): json.dumps writes JSON")
  if (/[:,[]\s*-?Infinity\b/.test(text)) return wrong('Infinity stands in it, which JSON has not')
  if (/^\s*(?:\/\/|\/\*)/.test(text)) return wrong('it begins with a remark, which JSON has not')
  return wrong(issueInWords('not-json'))
}
const wrong = (says: string): Fault => ({ code: 'not-json', says })

/** A JSON value, or that it is none. A comma after it, or NaN where nothing is known, is no reason to lose a row. */
export const jsonOf = (text: string): { readonly value: unknown } | Fault =>
  parsed(text) ?? parsed(inJson(text)) ?? whyNot(text)

/** Records of JSONL: one value a line, blank lines are none. */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Found[]> {
  for await (const lines of linesOf(chunks))
    yield lines.flatMap((line): Found[] => {
      const place = { unit: 'line', number: line.number } as const
      const text = textOf(line)
      if (typeof text !== 'string') return [{ place, fault: text, raw: rawOf(line.bytes) }]
      if (text.trim() === '') return []
      const json = jsonOf(text)
      return 'value' in json ? [{ place, ...json }] : [{ place, fault: json, raw: rawOf(line.bytes) }]
    })
}
