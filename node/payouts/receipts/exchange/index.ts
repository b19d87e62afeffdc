/** Anti-entropy: what a peer knows of a pool's open receipts and this node does not, by a tree of marks. */
export { createTree } from './tree.ts'
export type { Tree } from './tree.ts'
export { createExchange } from './exchange.ts'
export type { Exchange } from './exchange.ts'
