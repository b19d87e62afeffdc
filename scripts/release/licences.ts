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

/**
 * [reject] A licence expression that gives no way to ship: each part of an AND has to be allowed, of an OR one.
 * @throws TypeError for what is no expression
 */
export function isAllowed(expression: string): boolean {
  const words = expression.match(/\(|\)|[^\s()]+/g) ?? []
  let at = 0
  function one(): boolean {
    const word = words[at++]
    if (word === '(') {
      const inner = either()
      if (words[at++] !== ')') throw new TypeError(`${expression} is no licence expression`)
      return inner
    }
    if (word === undefined || word === ')' || word === 'AND' || word === 'OR')
      throw new TypeError(`${expression} is no licence expression`)
    return allowedLicences.has(word)
  }
  function both(): boolean {
    let found = one()
    while (words[at] === 'AND') {
      at++
      found = one() && found
    }
    return found
  }
  function either(): boolean {
    let found = both()
    while (words[at] === 'OR') {
      at++
      found = both() || found
    }
    return found
  }
  const found = either()
  if (at !== words.length) throw new TypeError(`${expression} is no licence expression`)
  return found
}
