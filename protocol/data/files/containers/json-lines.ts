import { issueInWords } from '../../explain.ts'
import type { Fault, Found } from '../types.ts'
import { linesOf, rawOf, textOf } from './lines.ts'

const notJson: Fault = { code: 'not-json', says: issueInWords('not-json') }

/** Text in quotes, which stays, or a number that stands by itself. */
const textOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|(?<=[\s:,[]|^)-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?=[\s,\]}]|$)/g
/** Digits that every number keeps on its way through JSON. */
const keptDigits = 15

/** Longer numbers become text, so that they stay what they are. */
const withLongNumbers = (text: string): string =>
  /[\d.]{16}/.test(text)
    ? text.replaceAll(textOrNumber, found =>
        found.startsWith('"') || found.length <= keptDigits ? found : `"${found}"`
      )
    : text

/** A JSON value, or that it is none. */
export function jsonOf(text: string): { readonly value: unknown } | Fault {
  try {
    return { value: JSON.parse(withLongNumbers(text)) as unknown }
  } catch {
    return notJson
  }
}

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
