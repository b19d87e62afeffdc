export * from './keystore.ts'
export * from './claim.ts'
export * from './passphrase.ts'
