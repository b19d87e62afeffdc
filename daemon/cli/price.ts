import type { Command } from 'commander'
import { InvalidError, tokensIn } from '../../protocol/primitives/index.ts'

// What a worker asks for the text that goes through a model, as it is typed.

export interface PriceFlags {
  inputPrice?: string
  outputPrice?: string
}

/** The numbers of a model's tokens that a price can be said for. */
const counts = { '1': 1n, '1000': 1_000n, '1000000': 1_000_000n } as const
const isCount = (text: string | undefined): text is keyof typeof counts => text !== undefined && text in counts

const priceHelp = "tokens per 1000 as tables show them (0.4/1000), or the token's smallest unit per 1 (400000000000000)"

/** Adds the flags of a price. */
export const pricing = (cmd: Command): Command =>
  cmd
    .option('--input-price <price>', `for prompts: ${priceHelp}`)
    .option('--output-price <price>', `for answers: ${priceHelp}`)

/**
 * [reject] A price is a whole number of the smallest unit for each token of a model. A decimal says for how many it is:
 * what is a thousand times too much or too little looks the same.
 * @throws InvalidError `flag.number`, naming the flag
 */
export function priceOf(text: string, flag: string): string {
  if (/^[0-9]+$/.test(text)) return text
  const [amount = '', count, ...more] = text.split('/')
  const tokens = tokensIn(amount)
  if (tokens === undefined || !isCount(count) || more.length > 0)
    throw new InvalidError(
      'flag.number',
      `${flag} must be a price such as 0.4/1000, which is 0.4 tokens for 1000 tokens of the model, not "${text}"`,
      { help: 'Prices are said for 1, 1000 or 1000000; a whole number alone is of the smallest unit, for 1.' }
    )
  // [reject] Nothing is rounded.
  if (tokens % counts[count] !== 0n)
    throw new InvalidError('flag.number', `${flag} is finer than the smallest unit for one token: "${text}"`, {
      help: 'Leave some of its last digits away.'
    })
  return (tokens / counts[count]).toString()
}

/** The prices that were given, as the API takes them. @throws as priceOf */
export const pricesOf = ({ inputPrice, outputPrice }: PriceFlags): PriceFlags => ({
  ...(inputPrice === undefined ? {} : { inputPrice: priceOf(inputPrice, '--input-price') }),
  ...(outputPrice === undefined ? {} : { outputPrice: priceOf(outputPrice, '--output-price') })
})
