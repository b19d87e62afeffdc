import { z } from 'zod'
import { route } from './route.ts'
import { addressView } from './views.ts'

// Who is connected to whom, as far as this node knows: its own connections, and what those peers say of theirs.

export const networkPeerView = z.object({
  peerId: z.string(),
  address: addressView,
  /** How this node is connected to it; null for one that only others are connected to. */
  way: z.enum(['direct', 'relay']).nullable(),
  /** Milliseconds there and back, by ping; null where that is not known. */
  ms: z.int().nullable(),
  /** Connected since, milliseconds since 1970. */
  since: z.number().nullable(),
  /** What it does, by its own word; null while it has not said. */
  roles: z.array(z.string()).readonly().nullable(),
  /** Others that it is connected to, by its own word; null while it has not said. */
  connected: z.int().nullable()
})
export type NetworkPeerView = z.infer<typeof networkPeerView>

/** A connection between two peers; who is named first has told of it. */
export const linkView = z.object({ from: z.string(), to: z.string(), ms: z.int().nullable() })

export const networkView = z.object({
  self: z.object({ peerId: z.string(), address: addressView, roles: z.array(z.string()).readonly() }),
  /** Those that this node is connected to first, then those it has only heard of. */
  peers: z.array(networkPeerView).readonly(),
  links: z.array(linkView).readonly(),
  /** Connected peers that have not said whom they are connected to: their links are missing here. */
  silent: z.int(),
  /** Peers and links beyond what one picture shows. */
  leftOut: z.object({ peers: z.int(), links: z.int() })
})
export type NetworkView = z.infer<typeof networkView>

export const networkRoutes = {
  network: route({
    method: 'GET',
    path: '/api/network',
    stage: 'node',
    summary: 'Who is connected to whom, with roles and latency, as far as this node knows',
    reply: networkView
  })
} as const
