import { forceCenter, forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY } from 'd3-force'
import type { SimulationLinkDatum, SimulationNodeDatum } from 'd3-force'
import type { NetworkView } from '../../daemon/api/contract/network.ts'

export interface Placed {
  readonly peerId: string
  readonly x: number
  readonly y: number
}
export interface PlacedLink {
  readonly from: Placed
  readonly to: Placed
  readonly ms: number | null
}
export interface Picture {
  readonly places: ReadonlyMap<string, Placed>
  readonly links: readonly PlacedLink[]
}

/** The picture's own units. */
export const size = { width: 900, height: 520, margin: 64 } as const
/** Steps until it has come to rest; a large network gets fewer, so that a page is not held up. */
const steps = (peers: number): number => (peers > 120 ? 80 : 240)

type Dot = SimulationNodeDatum & { readonly peerId: string }

/**
 * Where each peer stands: connected ones near each other, this node in the middle. The same network gives the same
 * picture: nothing in it is drawn by lot.
 */
export function layOut({ self, peers, links }: Pick<NetworkView, 'self' | 'peers' | 'links'>): Picture {
  const dots: Dot[] = [{ peerId: self.peerId, fx: 0, fy: 0 }, ...peers.map(({ peerId }) => ({ peerId }))]
  const known = new Set(dots.map(({ peerId }) => peerId))
  const springs: (SimulationLinkDatum<Dot> & { ms: number | null })[] = links
    .filter(({ from, to }) => known.has(from) && known.has(to))
    .map(({ from, to, ms }) => ({ source: from, target: to, ms }))
  forceSimulation(dots)
    .force(
      'links',
      forceLink<Dot, (typeof springs)[number]>(springs)
        .id(({ peerId }) => peerId)
        .distance(130)
        .strength(0.25)
    )
    .force('apart', forceManyBody().strength(-420))
    .force('collide', forceCollide(38))
    .force('middle', forceCenter(0, 0))
    .force('x', forceX(0).strength(0.03))
    .force('y', forceY(0).strength(0.08))
    .stop()
    .tick(steps(dots.length))
  const [xs, ys] = [dots.map(({ x = 0 }) => x), dots.map(({ y = 0 }) => y)]
  const fit = (values: readonly number[], length: number): ((value: number) => number) => {
    const [low, high] = [Math.min(...values), Math.max(...values)]
    const room = length - 2 * size.margin
    return high - low < 1 ? () => length / 2 : value => size.margin + ((value - low) / (high - low)) * room
  }
  const [fitX, fitY] = [fit(xs, size.width), fit(ys, size.height)]
  const places = new Map<string, Placed>(
    dots.map(({ peerId, x = 0, y = 0 }) => [peerId, { peerId, x: fitX(x), y: fitY(y) }])
  )
  return {
    places,
    links: links.flatMap(({ from, to, ms }) => {
      const [a, b] = [places.get(from), places.get(to)]
      return a === undefined || b === undefined ? [] : [{ from: a, to: b, ms }]
    })
  }
}
