import type { Target } from '../kit/target.ts'
import { chainTargets } from './chain.ts'
import { diskTargets } from './disk.ts'
import { fileTargets } from './files.ts'
import { gossipTargets } from './gossip.ts'
import { httpTargets } from './http.ts'
import { modelTargets } from './models.ts'
import { statementTargets } from './statements.ts'
import { streamTargets } from './streams.ts'
import { wireTargets } from './wire.ts'

/** Every door through which strangers' input comes, in the order in which it comes nearer. */
export const targets: readonly Target[] = [
  ...wireTargets,
  ...gossipTargets,
  ...streamTargets,
  ...statementTargets,
  ...chainTargets,
  ...httpTargets,
  ...diskTargets,
  ...fileTargets,
  ...modelTargets
]
