import { InvalidError, isIdAlone, pageOf } from '../../../protocol/primitives/index.ts'
import type { Pins } from '../../names/index.ts'
import type { Handlers } from '../server/index.ts'
import type { Which } from './which.ts'

export const nameHandlers = (pins: Pins, which: Pick<Which, 'asked'>): Pick<Handlers, 'pins' | 'pin' | 'unpin'> => ({
  pins: async ({ params }) => pageOf(pins.list(), params, ({ name }) => name),
  async pin({ body: { name, model } }) {
    // [reject] An id means itself: whoever pins one has said name and model in the wrong order.
    if (isIdAlone(name))
      throw new InvalidError('pin.name', `${name} is an id, which no name can stand for`, {
        help: 'The name comes first: `tilth models pin NAME ID`.'
      })
    // [reject] A name that several builders use settles nothing.
    const pin = { name, model: (await which.asked(model)).id }
    await pins.set(pin)
    return pin
  },
  unpin: async ({ params: { name } }) => pins.remove(name)
})
