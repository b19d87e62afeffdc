import parse from 'spdx-expression-parse'
import type { Info } from 'spdx-expression-parse'

/** Licences under which a part may be shipped with an Apache-2.0 program, unchanged and with its notice. */
export const allowedLicences: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC-BY-3.0', // lists of names, with their notice
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'MPL-2.0', // by file: none of theirs is changed here
  'OFL-1.1', // fonts
  'PSF-2.0',
  'Unlicense',
  'WTFPL'
])

/** What packages say otherwise than as SPDX has it, or only in a file of theirs; looked up by hand. */
export const lookedUp: Readonly<Record<string, string>> = {
  memorystream: 'MIT' // `licenses` of its package.json, the older form
}

/** An expression as SPDX writes it: some write `MPL 2.0`. */
export const asSpdx = (text: string): string => text.trim().replace(/^MPL 2\.0$/, 'MPL-2.0')

/** Each part of an AND has to be allowed, of an OR one. What exceptions and later versions say is not looked into. */
const allows = (part: Info): boolean =>
  'conjunction' in part
    ? part.conjunction === 'and'
      ? allows(part.left) && allows(part.right)
      : allows(part.left) || allows(part.right)
    : part.plus === undefined && part.exception === undefined && allowedLicences.has(part.license)

/** [reject] A licence expression that gives no way to ship, or a text that is no expression of known licences. */
export function isAllowed(expression: string): boolean {
  let found: Info
  try {
    found = parse(expression)
  } catch {
    return false // whoever called it so said nothing that anybody could go by
  }
  return allows(found)
}
