import { z } from 'zod'
import { jsonFields } from './json.ts'
import { paged, pageSchema, route } from './route.ts'
import { decimal, hash } from './views.ts'

// The machine that a node runs on: what it has, what it has to do, what lies on its disk, and what it said last.

export const machineView = z.object({
  hardware: z.object({
    processors: z.int(),
    model: z.string(),
    memory: z.int(),
    system: z.string(),
    gpus: z.array(z.string()).readonly(),
    /** Where the engine computes; null while that is still being found out (a driver may take a minute). */
    engine: z
      .object({
        provider: z.enum(['cpu', 'webgpu', 'cuda']),
        /** What is used, or why no GPU is. */
        reason: z.string(),
        /** What would have a GPU used that is not. */
        help: z.string().nullable()
      })
      .nullable()
  }),
  load: z.object({
    /** Share of all processors that were busy since the call before, of one. */
    processors: z.number(),
    memoryFree: z.int(),
    /** What this process holds. */
    memoryOwn: z.int()
  }),
  queue: z.object({
    /** Answers: those that run, wait for their turn, and could begin at once. */
    running: z.int(),
    waiting: z.int(),
    free: z.int(),
    /** Trainings under way here, and those that wait. */
    training: z.int(),
    trainingsWaiting: z.int(),
    fetching: z.int()
  }),
  /** What this worker earned by answers within the last hour, or since its start; its own share alone. */
  lately: z.object({ seconds: z.int(), answers: z.int(), tokens: z.int(), fees: decimal, earned: decimal }),
  disk: z.object({
    /** Of the disk that holds the data folder; null where that could not be found out. */
    free: z.int().nullable(),
    total: z.int().nullable(),
    /** Base models and adapters: how much may lie there, does, and is needed by something. */
    shelf: z.object({ quota: z.int(), bytes: z.int(), held: z.int() })
  }),
  /** Base models and adapters on the shelf, the largest first. */
  models: z
    .array(
      z.object({
        cid: z.string(),
        kind: z.enum(['base', 'adapter']),
        bytes: z.int(),
        own: z.boolean(),
        /** How many things need it now: it stays while there is one. */
        leases: z.int(),
        usedAt: z.number(),
        /** Registered models that are made of it. */
        of: z.array(z.object({ id: hash, name: z.string() })).readonly()
      })
    )
    .readonly(),
  /** More of them than these. */
  leftOut: z.int()
})
export type MachineView = z.infer<typeof machineView>

export const logLineView = z.object({
  number: z.int(),
  at: z.number(),
  level: z.enum(['error', 'warn', 'info', 'debug']),
  message: z.string(),
  /** Facts, redacted: no keys, no tokens, nothing that was asked or answered. */
  fields: jsonFields
})
export type LogLineView = z.infer<typeof logLineView>

export const machineRoutes = {
  machine: route({
    method: 'GET',
    path: '/api/machine',
    stage: 'node',
    summary: 'Hardware, load, queue, disk and models of the machine, and what it earned within the hour',
    reply: machineView
  }),
  log: route({
    method: 'GET',
    path: '/api/log',
    stage: 'node',
    summary: "The last lines of this process's log, the newest first: of a level, and what is more urgent",
    params: paged.extend({ level: logLineView.shape.level.default('info') }),
    reply: pageSchema(logLineView)
  })
} as const
