import { useMemo } from 'react'
import type { NetworkView } from '../../daemon/api/contract/network.ts'
import { layOut, size } from './layout.ts'
import { ringOf, rolesText } from './roles.ts'
import './graph.css'

interface GraphProps {
  readonly network: NetworkView
  readonly names: (account: string) => string
  readonly chosen: string
  readonly onChoose: (peerId: string) => void
}

/** Names stand beside their points up to so many peers; in a larger picture, of the one that is looked at. */
const mostNames = 40

/** Who is connected to whom, as a picture: points are chosen by mouse, or by Tab and Enter. */
export function Graph({ network, names, chosen, onChoose }: GraphProps) {
  const { self, peers } = network
  // The picture moves when somebody comes or goes, not when a latency changes.
  const shape = [self.peerId, ...peers.map(({ peerId }) => peerId), ...network.links.map(({ from, to }) => from + to)]
  const picture = useMemo(() => layOut(network), [shape.join()])
  const everybody = [
    { ...self, way: 'self' as const, ms: null },
    ...peers.map(({ peerId, address, roles, way, ms }) => ({ peerId, address, roles, way, ms }))
  ]
  const touches = (from: string, to: string): boolean => from === chosen || to === chosen
  return (
    <svg
      className="graph"
      viewBox={`0 0 ${size.width} ${size.height}`}
      role="group"
      aria-label={`This node and ${peers.length} others, with the connections between them`}
    >
      {picture.links.map(({ from, to, ms }) => (
        <g key={`${from.peerId} ${to.peerId}`} className="graph-link" data-on={touches(from.peerId, to.peerId)}>
          <line x1={from.x} y1={from.y} x2={to.x} y2={to.y} />
          {ms !== null && touches(from.peerId, to.peerId) ? (
            <text x={(from.x + to.x) / 2} y={(from.y + to.y) / 2 - 5}>
              {ms} ms
            </text>
          ) : null}
        </g>
      ))}
      {everybody.map(({ peerId, address, roles, way }) => {
        const place = picture.places.get(peerId)
        if (place === undefined) return null
        const isSelf = way === 'self'
        const name = isSelf ? `${names(address)}, this node` : names(address)
        const choose = (): void => onChoose(peerId)
        return (
          <g
            key={peerId}
            className="graph-peer"
            transform={`translate(${place.x.toFixed(1)} ${place.y.toFixed(1)})`}
            role="button"
            tabIndex={0}
            aria-pressed={peerId === chosen}
            aria-label={`${name}: ${rolesText(roles)}`}
            data-way={way ?? 'heard'}
            onClick={choose}
            onKeyDown={event => {
              if (event.key !== 'Enter' && event.key !== ' ') return
              event.preventDefault()
              choose()
            }}
          >
            <circle className="graph-halo" r={isSelf ? 30 : 25} />
            <circle className="graph-core" r={isSelf ? 20 : 15} />
            {ringOf(roles ?? []).map(({ phase, from, length }) => (
              <circle
                key={`${phase} ${from}`}
                className="graph-ring"
                data-phase={phase}
                r={isSelf ? 20 : 15}
                pathLength={100}
                strokeDasharray={`${length} ${100 - length}`}
                strokeDashoffset={-from}
              />
            ))}
            {everybody.length <= mostNames || peerId === chosen ? (
              <text className="graph-name" y={isSelf ? 42 : 36}>
                {names(address)}
              </text>
            ) : null}
          </g>
        )
      })}
    </svg>
  )
}
