import type { readPage } from 'hyparquet/src/column.js'
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js'
import { decodeUtf8 } from '../../lines.ts'
import { wrongText } from '../layouts/texts.ts'

// What a column's values say, to the last digit: the library makes binary fractions of decimals, instants of days, and
// of a time of day the number that it is stored as.

type Decoder = Parameters<typeof readPage>[2]
type Element = Decoder['element']

export const parsers = {
  ...DEFAULT_PARSERS,
  stringFromBytes: (bytes: Uint8Array | undefined): unknown =>
    bytes === undefined ? undefined : (decodeUtf8(bytes) ?? wrongText),
  dateFromDays: (days: number): unknown => {
    const date = new Date(days * 86_400_000)
    return Number.isNaN(date.getTime()) ? undefined : date.toISOString().replace(/T.*$/, '')
  }
} as typeof DEFAULT_PARSERS

/** A number as it is stored, whole: two's complement where it is bytes. */
function unscaled(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  if (!(value instanceof Uint8Array) || value.length === 0 || value.length > 64) return undefined
  const whole = value.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
  return BigInt.asIntN(value.length * 8, whole)
}

/** 110 of scale 2 is 1.10. */
function decimal(value: unknown, scale: number): unknown {
  const whole = unscaled(value)
  if (whole === undefined) return value
  const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, '0')
  const sign = whole < 0n ? '-' : ''
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** The shortest number that 32 bits keep as the same: 0.1 and not 0.10000000149011612. */
function shortest(value: unknown): unknown {
  if (typeof value !== 'number') return value
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return value
}

/** A time of day as clocks show it. */
function timeOfDay(value: unknown, perSecond: number): unknown {
  if (typeof value !== 'number' && typeof value !== 'bigint') return value
  const units = Number(value)
  const seconds = Math.floor(units / perSecond)
  const part = units % perSecond
  const clock = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(n => String(Math.floor(n)).padStart(2, '0'))
  const rest = part === 0 ? '' : `.${String(part).padStart(String(perSecond).length - 1, '0')}`
  return clock.join(':') + rest
}

const perSecondOf = ({ converted_type: was, logical_type: is }: Element): number | undefined => {
  if (was === 'TIME_MILLIS') return 1e3
  if (was === 'TIME_MICROS') return 1e6
  if (is?.type !== 'TIME') return undefined
  return { MILLIS: 1e3, MICROS: 1e6, NANOS: 1e9 }[is.unit]
}

/** How a column is read so that nothing of its values is lost, and what is then made of each. */
export function exactly(decoder: Decoder): { readonly decoder: Decoder; readonly of: (value: unknown) => unknown } {
  const { element } = decoder
  const each =
    (one: (value: unknown) => unknown) =>
    (value: unknown): unknown =>
      Array.isArray(value) ? value.map(each(one)) : value === null || value === undefined ? value : one(value)
  if (element.converted_type === 'DECIMAL' || element.logical_type?.type === 'DECIMAL') {
    const { converted_type: _was, logical_type: _is, ...stored } = element
    const scale = Math.min(Math.max(element.scale ?? 0, 0), 100)
    return { decoder: { ...decoder, element: stored, utf8: false }, of: each(value => decimal(value, scale)) }
  }
  if (element.type === 'FLOAT') return { decoder, of: each(shortest) }
  const perSecond = perSecondOf(element)
  return { decoder, of: perSecond === undefined ? value => value : each(value => timeOfDay(value, perSecond)) }
}
