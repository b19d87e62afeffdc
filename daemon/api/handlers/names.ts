import { pageOf } from '../../../protocol/primitives/index.ts'
import type { Pins } from '../../names/index.ts'
import type { Handlers } from '../server/index.ts'
import type { Which } from './which.ts'

export const nameHandlers = (pins: Pins, which: Pick<Which, 'model'>): Pick<Handlers, 'pins' | 'pin' | 'unpin'> => ({
  pins: async ({ params }) => pageOf(pins.list(), params, ({ name }) => name),
  async pin({ body: { name, model } }) {
    const pin = { name, model: (await which.model(model)).id }
    await pins.set(pin)
    return pin
  },
  unpin: async ({ params: { name } }) => pins.remove(name)
})
