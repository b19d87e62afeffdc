// Made by `node scripts/contracts.ts build` from protocol/contracts/solidity. Do not edit.
export * from './tilth-token.ts'
export * from './node-registry.ts'
export * from './datanet-registry.ts'
export * from './contribution-bonds.ts'
export * from './model-registry.ts'
export * from './job-escrow.ts'
export * from './payment-channels.ts'
export * from './attribution-anchor.ts'
