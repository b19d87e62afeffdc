import { InvalidError } from '../../protocol/primitives/index.ts'

export interface Split {
  readonly worker: number
  readonly builder: number
  readonly data: number
}

/** What a builder who says nothing else gives. */
export const usualSplit = '3000,1000,6000'

/** [reject] Three shares of every fee in basis points, as a flag gives them. @throws InvalidError naming the flag */
export function splitOf(text: string): Split {
  const parts = /^([0-9]{1,5}),([0-9]{1,5}),([0-9]{1,5})$/.exec(text.replaceAll(' ', ''))
  const [worker = 0, builder = 0, data = 0] = (parts ?? []).slice(1).map(Number)
  if (parts === null || worker + builder + data !== 10_000)
    throw new InvalidError('flag.split', `--split must be three whole numbers that sum to 10000, not "${text}"`, {
      help: 'For worker, builder and data, such as --split ' + usualSplit + '.'
    })
  return { worker, builder, data }
}
