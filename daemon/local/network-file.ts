import { z } from 'zod'
import { contractAddresses, roles } from '../config/index.ts'

/** `network.json` of a local network: what ran, and where. */
export const networkFile = z.object({
  version: z.literal(1),
  chain: z.object({ rpc: z.string(), chainId: z.int(), contracts: contractAddresses }),
  bootstrap: z.array(z.string()),
  daemons: z.array(
    z.object({
      name: z.string(),
      data: z.string(),
      roles: z.array(z.enum(roles)),
      api: z.string(),
      address: z.string()
    })
  )
})
export type NetworkFile = z.infer<typeof networkFile>
