import { z } from 'zod'
import { mostContextRows } from '../../../protocol/data/retrieval.ts'
import { chatRole } from '../../../protocol/data/types.ts'
import { mostFormCharacters } from '../../../protocol/form/index.ts'
import { route } from '../../../protocol/models/pick.ts'
import { mostLogprobs, mostTurnCharacters, mostTurns } from '../../../protocol/models/types.ts'
import { decimal } from './views.ts'

/** What an asker calls an answer that is under way; a random text, so that no two have the same. */
export const askName = z.string().regex(/^[A-Za-z0-9-]{16,64}$/)
/** After how long a second worker is asked. */
export const hedge = z.union([
  z.literal(false),
  z.strictObject({ ms: z.int().min(20).max(60_000), private: z.boolean().optional() })
])
export const askRequest = z.strictObject({
  model: z.string().min(1).max(100),
  messages: z
    .array(z.strictObject({ role: chatRole, content: z.string().min(1).max(mostTurnCharacters) }))
    .min(1)
    .max(mostTurns),
  maxTokens: z.int().min(1).max(4096).default(128),
  temperature: z.number().min(0).max(5).default(0),
  topK: z.int().min(0).max(1000).default(0),
  topP: z.number().gt(0).max(1).default(1),
  seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  stop: z.array(z.string().min(1).max(64)).max(8).default([]),
  /** What the answer has to be: a JSON value by a schema, or a call of a function (`protocol/form`). */
  form: z.string().min(1).max(mostFormCharacters).optional(),
  /** Each token's log-probability, and those of so many likeliest ones: the worker's word. */
  logprobs: z.int().min(0).max(mostLogprobs).optional(),
  /** So many rows of the model's Datanet are put before the question: those that say something about it. */
  context: z.int().min(1).max(mostContextRows).optional(),
  /** Most that it may cost, in the token's smallest unit: what may cost more is refused before it is asked. */
  maxPrice: decimal.optional(),
  /** Which workers may be asked, and in which order: by price and wait together (`balanced`), `price`, or `speed`. */
  route: route.optional(),
  /**
   * A second worker is asked where the first has no token after so many milliseconds; the slower one is cancelled and
   * paid for what it gave. False: none, whatever the daemon's owner has set. Private answers only where it says so.
   */
  hedge: hedge.optional(),
  /** Nobody but the worker ever sees it. */
  private: z.boolean().default(false),
  /** What the answer owes to whom, right after it, by its worker: unofficial. */
  explain: z.boolean().default(false),
  /** Chosen by the asker: by it the answer can be stopped while its stream stays open. */
  name: askName.optional()
})
