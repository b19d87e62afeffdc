import fc from 'fast-check'

// A value with something wrong in it. Which thing, where and with what is told by three numbers, so that a failure is
// repeated from its seed, and becomes smaller by smaller numbers.

interface Fault {
  readonly at: number
  readonly what: number
  readonly by: number
}
const fault: fc.Arbitrary<Fault> = fc.record({ at: fc.nat(), what: fc.nat(), by: fc.nat() })

/** One thing wrong, seldom two or three. */
const faults = fc.oneof(
  { arbitrary: fc.array(fault, { minLength: 1, maxLength: 1 }), weight: 4 },
  { arbitrary: fc.array(fault, { minLength: 2, maxLength: 3 }), weight: 1 }
)

const deep = (levels: number): unknown => {
  let value: unknown = 0
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { a: value }
  return value
}
/** What stands nowhere by right, and numbers and texts at edges. */
const strange: readonly unknown[] = [
  null,
  true,
  [],
  {},
  '',
  0,
  -1,
  0.5,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53,
  -(2 ** 53),
  1e308,
  5e-324,
  '0',
  '-0',
  '-1',
  '01',
  '0x',
  '1e3',
  ' 1',
  String(2n ** 64n),
  String(2n ** 256n - 1n),
  String(2n ** 256n),
  '9'.repeat(400),
  '\u0000',
  '\ud800',
  '\udfff\ud800',
  '\u202e',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  'x'.repeat(300),
  '\u{1f600}'.repeat(5000),
  `0x${'00'.repeat(32)}`,
  `0x${'ff'.repeat(32)}`,
  `0x${'FF'.repeat(20)}`,
  `0x${'00'.repeat(65)}`,
  `0x${'zz'.repeat(32)}`,
  deep(8),
  deep(30),
  [[], [null], [[0]]],
  { toString: 1, valueOf: 1, length: -1 },
  { length: 2 ** 32, 0: 'a' },
  JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}') as unknown
]
const strangeOne = (by: number): unknown => strange[by % strange.length]

/** How long a list is made: around bounds that lists have. */
const lengths = [0, 1, 2, 17, 65, 101, 257, 1025, 4097]
const letters = 'g0fF-. \u0000é"\\'

type Path = readonly (string | number)[]
/** Places that are looked at: of a value with more, the first ones. */
const mostPlaces = 2000

function placesOf(value: unknown): Path[] {
  const places: Path[] = []
  const visit = (at: unknown, path: Path): void => {
    if (places.length >= mostPlaces) return
    places.push(path)
    if (typeof at !== 'object' || at === null) return
    for (const [key, inner] of Object.entries(at)) visit(inner, [...path, Array.isArray(at) ? Number(key) : key])
  }
  visit(value, [])
  return places
}

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((at, key) => (at as Record<string | number, unknown>)[key], value)

/** The value with `change` made at a place; only what stands above that place is copied. */
function changedAt(value: unknown, [key, ...rest]: Path, change: (old: unknown) => unknown): unknown {
  if (key === undefined) return change(value)
  if (Array.isArray(value))
    return (value as unknown[]).map((inner, i) => (i === key ? changedAt(inner, rest, change) : inner))
  const old = value as Record<string, unknown>
  return { ...old, [key]: changedAt(old[key], rest, change) }
}

/** Changes to what has fields. */
const ofObjects: readonly ((old: Record<string, unknown>, by: number) => unknown)[] = [
  (old, by) => without(old, by),
  (old, by) => ({ ...old, [['extra', 'type', 'kind', 'toString', ''][by % 5] ?? '']: strangeOne(by >> 3) }),
  (old, by) => {
    const name = nth(Object.keys(old), by)
    return name === undefined ? null : { ...without(old, by), [`${name}s`]: old[name] }
  },
  (old, by) => swapped(old, by),
  old => [old],
  (old, by) => Object.fromEntries(Object.keys(old).map(name => [name, strangeOne(by)]))
]
/** … to lists … */
const ofLists: readonly ((old: readonly unknown[], by: number) => unknown)[] = [
  (old, by) => old.filter((_, i) => i !== by % Math.max(1, old.length)),
  (old, by) => [...old, old[by % Math.max(1, old.length)] ?? null],
  old => old.toReversed(),
  (old, by) =>
    Array.from({ length: lengths[by % lengths.length] ?? 0 }, (_, i) => old[i % Math.max(1, old.length)] ?? 0),
  (old, by) => [...old, strangeOne(by)],
  old => Object.fromEntries(old.entries())
]
/** … to texts … */
const ofTexts: readonly ((old: string, by: number) => unknown)[] = [
  (old, by) => withCharacter(old, by % Math.max(1, old.length), letters[by % letters.length] ?? ''),
  (old, by) => old.slice(0, by % Math.max(1, old.length)),
  old => old + old,
  old => old.toUpperCase(),
  (old, by) => `${old}${letters[by % letters.length]}`,
  (old, by) => withCharacter(old, 2 + (by % Math.max(1, old.length - 2)), (by % 16).toString(16)),
  old => old.slice(2),
  (old, by) => old.repeat(1 + (by % 200))
]
/** … and to numbers. */
const ofNumbers: readonly ((old: number, by: number) => unknown)[] = [
  old => old + 1,
  old => old - 1,
  old => -old,
  old => old + 0.5,
  (old, by) => old * 2 ** (by % 64),
  old => String(old),
  old => BigInt(Math.trunc(Number.isFinite(old) ? old : 0)).toString()
]

const nth = <T>(list: readonly T[], by: number): T | undefined => list[by % Math.max(1, list.length)]
const without = (old: Record<string, unknown>, by: number): Record<string, unknown> => {
  const gone = nth(Object.keys(old), by)
  return Object.fromEntries(Object.entries(old).filter(([name]) => name !== gone))
}
function swapped(old: Record<string, unknown>, by: number): Record<string, unknown> {
  const names = Object.keys(old)
  const [one, other] = [nth(names, by), nth(names, by >> 4)]
  return one === undefined || other === undefined ? old : { ...old, [one]: old[other], [other]: old[one] }
}
const withCharacter = (old: string, at: number, letter: string): string => old.slice(0, at) + letter + old.slice(at + 1)

function spoilt(value: unknown, { at, what, by }: Fault): unknown {
  const places = placesOf(value)
  const place = nth(places, at) ?? []
  const elsewhere = valueAt(value, nth(places, by) ?? [])
  return changedAt(value, place, old => {
    const kinds: readonly ((old: never, by: number) => unknown)[] = Array.isArray(old)
      ? ofLists
      : typeof old === 'object' && old !== null
        ? ofObjects
        : typeof old === 'string'
          ? ofTexts
          : typeof old === 'number'
            ? ofNumbers
            : []
    // Whatever it is: something that stands nowhere by right, or what stands elsewhere.
    const choice = what % (kinds.length + 2)
    if (choice === kinds.length) return strangeOne(by)
    if (choice > kinds.length) return elsewhere
    return kinds[choice]?.(old as never, by)
  })
}

/** Good values with something wrong in them. */
export const wrongJson = <T>(good: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.tuple(good, faults).map(([value, wrong]) => wrong.reduce<unknown>(spoilt, value))
