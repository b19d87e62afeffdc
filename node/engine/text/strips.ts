// Python's strip, lstrip and rstrip take the characters to strip. The Jinja reader knows them without: it would strip
// all blanks where a template (Qwen3's, for one) strips line breaks only. So calls that name characters go to functions
// here.

const strip = (text: string, characters: string, left: boolean, right: boolean): string => {
  const units = Array.from(text)
  const isOff = (unit: string | undefined): boolean => unit !== undefined && characters.includes(unit)
  let [from, to] = [0, units.length]
  if (left) while (from < to && isOff(units[from])) from++
  if (right) while (to > from && isOff(units[to - 1])) to--
  return units.slice(from, to).join('')
}

const names = { strip: 'python_strip', lstrip: 'python_lstrip', rstrip: 'python_rstrip' } as const

/** What templates find under the names that `withStrips` puts in. */
export const stripped: Readonly<Record<string, (text: string, characters: string) => string>> = {
  python_strip: (text, characters) => strip(text, characters, true, true),
  python_lstrip: (text, characters) => strip(text, characters, true, false),
  python_rstrip: (text, characters) => strip(text, characters, false, true)
}

interface Call {
  type: string
  callee: { type: string; object?: unknown; property?: { type: string; value?: unknown }; value?: unknown }
  args: unknown[]
}

const isCall = (part: object): part is Call => 'type' in part && part.type === 'CallExpression'

/** Turns `text.strip(characters)` of a parsed template into a call of the function here, wherever it stands. */
export function withStrips(part: unknown): void {
  if (typeof part !== 'object' || part === null) return
  if (isCall(part) && part.callee.type === 'MemberExpression' && part.args.length === 1) {
    const { object, property } = part.callee
    const name = names[property?.value as keyof typeof names] as string | undefined
    if (name !== undefined && property?.type === 'Identifier') {
      property.value = name
      part.callee = property as Call['callee']
      part.args.unshift(object)
    }
  }
  for (const inner of Object.values(part)) withStrips(inner)
}
