import { mapPage, pageOf } from '../../../protocol/primitives/index.ts'
import type { Node } from '../../../node/node.ts'
import type { Handlers } from '../server/index.ts'
import type { Which } from './which.ts'

/** Seats of this node among pools' scorers. */
export function seatHandlers(
  { payouts }: Pick<Node, 'payouts'>,
  which: Pick<Which, 'datanet'>
): Pick<Handlers, 'seats' | 'sit'> {
  return {
    seats: async ({ params }) =>
      mapPage(
        pageOf(await payouts.seats(), params, ({ pool }) => pool),
        ({ pool, asked, paid }) => ({ datanet: pool, asked, paid: paid.toString() })
      ),
    async sit({ params, body: { sits } }) {
      const datanet = await which.datanet(params.id)
      return { datanet, sits, transaction: await payouts.sit(datanet, sits) }
    }
  }
}
