// In the order of the flow.
export { createSettling, settleAt } from './settling.ts'
export { createQuiet } from './quiet.ts'
export { createVentures } from './ventures.ts'
export { createWatching } from './watching.ts'
export { createFinalizing, finalizeFrom } from './finalizing.ts'
export { createClaiming, worthClaiming } from './claiming.ts'
