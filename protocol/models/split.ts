import { InvalidError, splitSum, wholeFee } from '../primitives/index.ts'
import type { Hex, Split } from '../primitives/index.ts'
import type { ModelRecord } from './types.ts'

/**
 * [reject] A split divides every fee whole, and a base model owes nothing to data.
 * @throws InvalidError `model.split`
 */
export function checkSplit(split: Split, onData: boolean): void {
  const { worker, builder, data, upstream = 0 } = split
  const parts = [worker, builder, data, upstream]
  if (parts.some(part => !Number.isSafeInteger(part) || part < 0) || splitSum(split) !== wholeFee)
    throw new InvalidError('model.split', `${parts.join(' + ')} basis points are no whole split`, {
      help: 'Worker, builder, data and upstream share 10000: for instance 3000,1000,6000 or 3000,1000,5500,500.'
    })
  if (!onData && data > 0)
    throw new InvalidError('model.split', 'a base model stands on no Datanet: its data has no share', {
      help: 'For instance 8000,2000,0.'
    })
}

interface Grown {
  readonly name: string
  readonly base: string
  /** Whether it is an adapter on its base, and not that base. */
  readonly isTuned: boolean
  readonly split?: Split | undefined
  readonly upstream?: Hex | undefined
}

/**
 * What a model passes a part of its fees to, as the contract takes it.
 * @throws InvalidError `model.upstream`
 */
export function checkUpstream(
  { name, base, isTuned, split, upstream }: Grown,
  from: Pick<ModelRecord, 'name' | 'base' | 'adapter'> | undefined
): void {
  const refuse = (says: string, help: string): never => {
    throw new InvalidError('model.upstream', says, { help })
  }
  // [reject] A part that goes upstream goes to a model.
  if (upstream === undefined) {
    const share = split?.upstream ?? 0
    if (share > 0)
      refuse(`${name} gives ${share} basis points upstream, and names no model`, 'Name the model it goes to.')
    return
  }
  // [reject] What anything was grown from is there before it.
  if (from === undefined) return refuse(`no model ${upstream} is registered`, 'See `tilth models`.')
  // [reject] An adapter was trained on its base: what it was grown from is a registration of that base as it is.
  if (isTuned && (from.base !== base || from.adapter !== null))
    refuse(
      `${name} was not grown from ${from.name}: that is no registration of its base`,
      `Name a base model that is registered with ${base}.`
    )
  // [reject] A base is not made of itself.
  if (!isTuned && from.base === base)
    refuse(`${from.name} has the same base as ${name}`, 'Name the model whose adapter was merged into this base.')
}
