import { z } from 'zod'

/** The weights that answers may come from, and bits of each. */
const bits = { float32: 32, bfloat16: 16, float16: 16, int8: 8, int4: 4 } as const
export type ServedWeights = keyof typeof bits

export const servedWeights = z.enum(['float32', 'bfloat16', 'float16', 'int8', 'int4'])

const isKnown = (weights: string): weights is ServedWeights => Object.hasOwn(bits, weights)

/** What an offer may say of it; empty where nothing is said, such as of a server that does not tell. */
export const isClaimedWeights = (weights: string): boolean => weights === '' || isKnown(weights)

/** Undefined where nothing is said. */
export const bitsOf = (weights: string): number | undefined => (isKnown(weights) ? bits[weights] : undefined)
