import { exactTokenText } from '../../protocol/primitives/tokens.ts'

const unit = 10n ** 18n

/** An amount with its unit, as few digits as tell it: 12.41 TILTH, 0.000214 TILTH, 0 TILTH. */
export const amountText = (smallest: string | bigint): string => `${plainAmount(smallest)} TILTH`

/** The same without the unit: four significant digits at least, none that says nothing. */
export function plainAmount(smallest: string | bigint): string {
  const amount = BigInt(smallest)
  const exact = exactTokenText(amount)
  const [whole = '0', fraction = ''] = exact.split('.')
  if (fraction === '') return grouped(whole)
  const isBelowOne = amount < unit && amount > -unit
  const leading = /^0*/.exec(fraction)?.[0].length ?? 0
  const digits = isBelowOne ? leading + 4 : Math.max(2, 4 - whole.replace('-', '').length)
  const kept = fraction.slice(0, digits).replace(/0+$/, '')
  return kept === '' ? grouped(whole) : `${grouped(whole)}.${kept}`
}

const grouped = (whole: string): string => whole.replaceAll(/\B(?=(\d{3})+(?!\d))/g, '\u202f')

/** What somebody typed as an amount, in smallest units; undefined where it is none. */
export function smallestOf(text: string): bigint | undefined {
  const match = /^([0-9]{1,18})(?:[.,]([0-9]{1,18}))?$/.exec(text.trim())
  if (match === null) return undefined
  const [, whole = '0', fraction = ''] = match
  return BigInt(whole) * unit + BigInt(fraction.padEnd(18, '0'))
}
