import { z } from 'zod'

const tokenLogprob = z.object({ bytes: z.array(z.int()), logprob: z.number() })
/** A token of an answer, and the likeliest ones in its place, most likely first. */
export const chosenLogprob = tokenLogprob.extend({ top: z.array(tokenLogprob) })
export type ChosenLogprob = z.infer<typeof chosenLogprob>
