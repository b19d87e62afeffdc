import { z } from 'zod'
import { keccak } from '../primitives/canonical.ts'
import { bytes32, signature } from '../primitives/index.ts'
import type { Address, Hex } from '../primitives/index.ts'
import { recoverDigest, signDigest } from '../crypto/sign.ts'

// `/tilth/peers/runs/1`: a node tells another which run of its key it is, and hears which others it was told of. Two
// processes with one key have one PeerId: whoever is connected to both takes the words of either for the other's own,
// and passes them on to neither.

/** Words that one answer holds: the last ones. */
export const maxRuns = 8

const word = z.strictObject({
  /** A number by chance, another for each process. */
  run: bytes32,
  /** When it was said: seconds since 1970. */
  at: z.int().min(0),
  /** By the node's key: nobody can tell a node of a run that there was not. */
  signature
})
export type RunWord = z.infer<typeof word>

export const runsQuestion = word
export const runsAnswer = z.strictObject({ runs: z.array(word).max(maxRuns) })

const saying = (run: Hex, at: number): Hex => keccak(`tilth run 1\n${run}\n${at}`)

export const signRun = (run: Hex, at: number, key: Uint8Array): RunWord => ({
  run,
  at,
  signature: signDigest(saying(run, at), key)
})
export const runnerOf = ({ run, at, signature }: RunWord): Address | undefined =>
  recoverDigest(saying(run, at), signature)
