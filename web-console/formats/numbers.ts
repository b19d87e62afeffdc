const counts = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })

/** A minus is no hyphen: it is as wide as a plus, and stays with its number at a line's end. */
const withMinus = (text: string): string => text.replace('-', '\u2212')

/** 1,234 */
export const countText = (count: number | bigint): string => counts.format(count)

/** A count and what is counted: 1 row, 2 rows. */
export const manyText = (count: number, one: string, more = `${one}s`): string =>
  `${countText(count)} ${count === 1 ? one : more}`

/** A measured number with so many significant digits: 0.312, 4.21, 1.2M from a million on. */
export function numberText(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return '–'
  if (Math.abs(value) >= 1e6) return withMinus(compact.format(value))
  return withMinus(new Intl.NumberFormat('en', { maximumSignificantDigits: digits }).format(value))
}

/** A share of one as percent: 71 %, 0.4 %, less than 0.1 %. */
export function shareText(share: number): string {
  const percent = share * 100
  if (percent > 0 && percent < 0.1) return 'less than 0.1 %'
  return `${new Intl.NumberFormat('en', { maximumFractionDigits: percent < 10 ? 1 : 0 }).format(percent)} %`
}

/** A weight in 1e-6, as the protocol counts them: 0.641 */
export const weightText = (millionths: string | bigint): string => {
  const value = Number(BigInt(millionths)) / 1e6
  return withMinus(new Intl.NumberFormat('en', { maximumFractionDigits: 3 }).format(value))
}

const sizes = ['B', 'kB', 'MB', 'GB', 'TB'] as const
/** 12.4 MB, by thousands. */
export function bytesText(bytes: number): string {
  let value = bytes
  let at = 0
  while (value >= 1000 && at < sizes.length - 1) {
    value /= 1000
    at++
  }
  return `${numberText(value)} ${sizes[at]}`
}

const lists = new Intl.ListFormat('en')
/** noor, ines and tomas */
export const listText = (names: readonly string[]): string => lists.format(names)
