export * from './anvil.ts'
export * from './deploy.ts'
export * from './faucet.ts'
