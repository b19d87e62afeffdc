import { InvalidError, splitSum, wholeFee } from '../../protocol/primitives/index.ts'
import type { Split } from '../../protocol/primitives/index.ts'
import type { ModelView } from '../api/contract/index.ts'
import { safe, short } from './output.ts'

/** How `--split` is written. */
export const splitFlag = '--split <worker,builder,data[,upstream]>'

/** What a builder who says nothing else gives. */
export const usualSplitHelp = '3000,1000,6000, with more for the data where the Datanet asks for more'

/**
 * [reject] Three or four shares of every fee in basis points, as a flag gives them.
 * @throws InvalidError naming the flag
 */
export function splitOf(text: string): Split {
  const parts = /^([0-9]{1,5}),([0-9]{1,5}),([0-9]{1,5})(?:,([0-9]{1,5}))?$/.exec(text.replaceAll(' ', ''))
  const [worker = 0, builder = 0, data = 0, upstream] = (parts ?? [])
    .slice(1)
    .map(part => (part === undefined ? undefined : Number(part)))
  const split = { worker, builder, data, ...(upstream === undefined ? {} : { upstream }) }
  if (parts === null || splitSum(split) !== wholeFee)
    throw new InvalidError(
      'flag.split',
      `--split must be three or four whole numbers that sum to 10000, not "${text}"`,
      {
        help:
          'For worker, builder and data, such as --split 3000,1000,6000; ' +
          'a fourth goes to the model named by --upstream, such as 3000,1000,5500,500.'
      }
    )
  return split
}

/** As `--split` would have it. */
export const splitAsFlag = ({ worker, builder, data, upstream }: Split): string =>
  [worker, builder, data, ...(upstream === undefined ? [] : [upstream])].join(',')

/** Who has how much of every fee, and which model it goes up to. */
export const sharesText = ({
  split,
  upstream,
  upstreamName
}: Pick<ModelView, 'split' | 'upstream' | 'upstreamName'>): string =>
  `split ${Object.entries(split)
    .map(([part, share]) => `${part} ${share / 100}%`)
    .join(' ')}` +
  (upstream === undefined ? '' : ` (to ${upstreamName === undefined ? short(upstream) : safe(upstreamName)})`)
