export * from './anvil.ts'
export * from './deploy.ts'
