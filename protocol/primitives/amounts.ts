// Tokens and the chain's own coin have 18 decimals; within the program they are integers of the smallest unit.

const decimals = 18
const one = 10n ** BigInt(decimals)

/** An amount for people, exact: `1.5`, `0.000001`, `12`. */
export function amountText(smallest: bigint): string {
  const abs = smallest < 0n ? -smallest : smallest
  const fraction = (abs % one).toString().padStart(decimals, '0').replace(/0+$/, '')
  return `${smallest < 0n ? '-' : ''}${abs / one}${fraction === '' ? '' : `.${fraction}`}`
}
