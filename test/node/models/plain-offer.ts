import { signStatement } from '../../../protocol/crypto/index.ts'
import type { Message, Network, Signed } from '../../../protocol/crypto/index.ts'

/** A worker's offer of a model, at one unit for a token of the prompt and ten for one of the answer. */
export const plainOffer = (
  network: Network,
  of: Pick<Message<'Offer'>, 'model' | 'worker'>,
  key: Uint8Array
): Signed<'Offer'> =>
  signStatement(
    network,
    'Offer',
    {
      ...of,
      inputPrice: 1n,
      outputPrice: 10n,
      capacity: 1,
      tokensPerSecond: 1,
      issuedAt: 1n,
      expires: 100n,
      region: '',
      weights: ''
    },
    key
  )
