const unit = 10n ** 18n

/** An amount of 18-decimal tokens as people read one, with so many digits after the point: 1.234500 */
export function tokenText(smallest: bigint, digits = 6): string {
  const abs = smallest < 0n ? -smallest : smallest
  const fraction = (abs % unit).toString().padStart(18, '0').slice(0, digits)
  return `${smallest < 0n ? '-' : ''}${abs / unit}.${fraction}`
}

/** The same, exactly, with no digit more than it has: 0.05 */
export const exactTokenText = (smallest: bigint): string => tokenText(smallest, 18).replace(/\.?0+$/, '')

/**
 * An amount as people write one, such as 2 or 0.5, in the smallest unit; undefined where it is none. What begins with a
 * zero too many is none either: 01 may have been meant as 0.1.
 */
export function tokensIn(text: string): bigint | undefined {
  const [, whole, fraction = ''] = /^(0|[1-9][0-9]{0,19})(?:\.([0-9]{1,18}))?$/.exec(text) ?? []
  return whole === undefined ? undefined : BigInt(whole) * unit + BigInt(fraction.padEnd(18, '0'))
}
