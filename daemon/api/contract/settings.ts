import { z } from 'zod'
import { none, nothing, route } from './route.ts'

const plainValue = z.union([z.string(), z.number(), z.boolean(), z.array(z.string()), z.null()])

/** A setting of the configuration file: what it does, what it takes, and how it stands. */
export const settingView = z.object({
  /** Its place in the file: worker.pricePerSecond */
  path: z.string(),
  group: z.enum(['work', 'spending', 'disk', 'automation', 'network', 'log']),
  label: z.string(),
  says: z.string(),
  unit: z.string().nullable(),
  kind: z.enum(['switch', 'choice', 'choices', 'number', 'text', 'list']),
  options: z.array(z.string()).readonly(),
  least: z.number().nullable(),
  most: z.number().nullable(),
  /** What holds where nothing is said; null: none, or what the machine gives. */
  usual: plainValue,
  /** What the daemon goes by now. Amounts are whole tokens as text. */
  value: plainValue,
  /** What it will go by from its next start. */
  coming: plainValue,
  pending: z.boolean(),
  /** A flag or the environment says it: it cannot be changed here. */
  locked: z.boolean(),
  /** Used at once; others from the next start. */
  live: z.boolean()
})
export type SettingView = z.infer<typeof settingView>

export const settingRoutes = {
  settings: route({
    method: 'GET',
    path: '/api/settings',
    stage: 'node',
    summary: 'Settings of this daemon: what each does and takes, what holds now, and from the next start',
    reply: z.object({
      file: z.string(),
      settings: z.array(settingView).readonly(),
      /** Whether somebody starts this daemon again whenever it ends, as a local network does. */
      supervised: z.boolean()
    })
  }),
  changeSetting: route({
    method: 'POST',
    path: '/api/settings',
    stage: 'node',
    summary: 'Write one setting into the configuration file; null takes it out. Refused in words where it cannot be',
    body: z.strictObject({
      path: z.string().min(1).max(100),
      value: z.union([z.string().max(1_000), z.number(), z.boolean(), z.array(z.string().max(300)).max(256), z.null()])
    }),
    reply: settingView
  }),
  restart: route({
    method: 'POST',
    path: '/api/restart',
    stage: 'node',
    summary: 'End this daemon in order, where somebody starts it again: what is under way is taken up',
    body: nothing,
    reply: none
  })
} as const
