import type { Node } from '../../../node/node.ts'
import type { Handlers } from '../server/index.ts'

export const availabilityHandlers = ({
  availability
}: Pick<Node, 'availability'>): Pick<Handlers, 'pause' | 'resume'> => ({
  async pause({ body: { minutes, trainings } }) {
    const until = minutes === undefined ? null : Date.now() + Math.round(minutes * 60_000)
    await availability.pause({ until, trainings })
    return { away: availability.away() ?? null }
  },
  async resume() {
    await availability.resume()
    return { away: availability.away() ?? null }
  }
})
