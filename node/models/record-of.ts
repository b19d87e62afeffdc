import type { ModelRecord } from '../../protocol/models/index.ts'
import type { ModelOnChain } from '../chain/types.ts'

/** A model as the chain has it, in the form of the DHT and the wire. */
export const recordOf = ({
  id,
  name,
  builder,
  worker,
  base,
  adapter,
  result,
  datanet,
  version,
  split,
  upstream,
  licence = ''
}: ModelOnChain): ModelRecord => ({
  id,
  name,
  builder,
  worker,
  base,
  adapter: adapter === '' ? null : adapter,
  result: result === '' ? null : result,
  datanet,
  version,
  split: { ...split },
  ...(upstream === undefined ? {} : { upstream }),
  ...(licence === '' ? {} : { licence })
})
